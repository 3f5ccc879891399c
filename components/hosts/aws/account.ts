import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";
import type { AwsRegion } from "../../config/schema.ts";
import type { LookedUp } from "../kind.ts";
import { type LookUp, lookUpRegion, reasonOf } from "../look-up.ts";
import { askEc2 } from "./ask-ec2.ts";
import type { Question } from "./question.ts";
import { regionNames } from "./regions.ts";

/** Every account has these. All later regions must be enabled: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html */
const enabledByDefault = [
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
];

/**
 * That the account has enabled a region, asked in another one and before the provider is made: in a region that isn't enabled, the provider refuses to
 * start and says that credentials are invalid. Without an answer, nothing is told: the provider says what is wrong.
 * @param name an AWS region's code.
 * @returns problems whose path is relative to the region.
 */
export async function disabledProblems({ name }: { readonly name: string }): Promise<Problem[]> {
  if (enabledByDefault.includes(name) || !regionNames.includes(name)) return [];
  try {
    const { Regions = [] } = await askEc2("us-east-1", (client, { DescribeRegionsCommand }) =>
      client.send(new DescribeRegionsCommand({ AllRegions: true, RegionNames: [name] })),
    );
    if (!Regions.some(({ OptInStatus }) => OptInStatus === "not-opted-in")) return [];
    const wayOut = `run \`aws account enable-region --region-name ${name}\`, which takes some minutes`;
    return [{ path: "name", message: `the account hasn't enabled ${name}: ${wayOut}` }];
  } catch {
    return [];
  }
}

/**
 * Asks AWS in which account it is, and then what else there is to ask about a region.
 * @param ask gives undefined where there is a problem.
 */
export function lookUpIn<R extends AwsRegion, Found extends object>(
  region: R,
  options: pulumi.InvokeOptions,
  ask: (question: Question<R>) => Promise<Found | undefined>,
): Promise<LookedUp<Found>> {
  return lookUpRegion(region, async (lookUp) => {
    const accountId = await findAccount(lookUp, options);
    return accountId === undefined ? undefined : ask({ region, accountId, lookUp, options });
  });
}

/** Without an answer, no other question has one. */
async function findAccount(lookUp: LookUp, options: pulumi.InvokeOptions): Promise<string | undefined> {
  try {
    return (await getCallerIdentity({}, options)).accountId;
  } catch (error) {
    lookUp.refuse("name", `AWS doesn't answer: ${reasonOf(error as Error)}`);
    return undefined;
  }
}
