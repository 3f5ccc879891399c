import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";
import type { LookedUp } from "../kind.ts";
import { type LookUp, lookUpRegion, reasonOf } from "../look-up.ts";
import { previousResource } from "../previous-outputs.ts";
import type { AwsPlan } from "./naming.ts";
import { regionNames } from "./regions.ts";
import { askEc2, briefly, sdkSettings } from "./sdk.ts";

/** A region that passed the static checks, and what a look-up needs to ask AWS about it. */
export interface Question<Plan extends AwsPlan = AwsPlan> {
  readonly plan: Plan;
  readonly region: Plan["region"];
  readonly accountId: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

/**
 * Asks AWS for the account's id, and then everything else about a region.
 * @param ask returns undefined if it found a problem
 */
export function lookUpIn<Plan extends AwsPlan, Found extends object>(
  plan: Plan,
  options: pulumi.InvokeOptions,
  ask: (question: Question<Plan>) => Promise<Found | undefined>,
): Promise<LookedUp<Found>> {
  const { region } = plan;
  return lookUpRegion(region, async (lookUp) => {
    // If this question fails, all others would fail too.
    const caller = await getCallerIdentity({}, options).catch((error: Error) =>
      lookUp.refuse("name", `AWS doesn't answer: ${reasonOf(error)}`),
    );
    return caller && ask({ plan, region, accountId: caller.accountId, lookUp, options });
  });
}

/** The preflight's problems with the account. @param role Pulumi's name of one of the region's roles */
export async function accountProblems(plan: AwsPlan, role: string): Promise<Problem[]> {
  return [
    ...(await disabledProblems(plan.region)),
    ...(await otherAccountProblems(plan)),
    ...(await pathProblems(plan, role)),
  ];
}

/** Regions that every account has. All newer regions must be enabled: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html */
const enabledByDefault = (
  "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 " +
  "eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
).split(" ");

/**
 * Refuses a region that the account hasn't enabled. Asks in another region, before the provider is created: in a region that isn't enabled, the provider doesn't
 * start, and reports invalid credentials. If AWS doesn't answer, this finds nothing, and the provider reports the error.
 * @param name an AWS region's code
 * @returns problems whose path is relative to the region
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
 * Refuses credentials of an account that the configuration doesn't allow. Asks before the provider is created: in another account, the provider doesn't start, and the other problems
 * of the stack aren't reported. If AWS doesn't answer, the check is left to the provider.
 */
async function otherAccountProblems({
  region: { name },
  governance: { allowedAccountIds: allowed } = {},
}: AwsPlan): Promise<Problem[]> {
  if (!allowed) return [];
  const accountId = await callerAccount(name).catch(() => undefined);
  if (accountId === undefined || allowed.includes(accountId)) return [];
  const message = `the credentials are of the account ${accountId}, which isn't in this list: use those of ${allowed.join(" or ")}`;
  return [{ path: "governance.allowedAccountIds", message }];
}

/** Every identity has this right: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html. The SDK is loaded only for this request. */
async function callerAccount(region: string): Promise<string | undefined> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient(sdkSettings(region, briefly));
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Account;
  } finally {
    client.destroy();
  }
}

/** Refuses a new IAM path for existing roles, because the path can't change without a replacement. New roles would make EKS replace the cluster, and a machine would keep the deleted profile. */
async function pathProblems(
  { region, governance: { iamPath = "/" } = {} }: AwsPlan,
  role: string,
): Promise<Problem[]> {
  const previous = await previousResource<{ path: string }>("aws:iam/role:Role", role);
  const { path = "/" } = previous ?? { path: iamPath };
  if (path === iamPath) return [];
  const message = `the roles of ${region.name} have the path ${path} and can't move: keep it, or destroy the region and create it again`;
  return [{ path: "governance.iamPath", message }];
}
