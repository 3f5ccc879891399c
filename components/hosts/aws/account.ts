import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity.js";
import type * as pulumi from "@pulumi/pulumi";
import { type LookUp, reasonOf } from "../look-up.ts";

/** What STS, EC2 and the other services answer in a region that the account hasn't enabled, and to credentials that are wrong. */
const refusedCredentials =
  /InvalidClientTokenId|AuthFailure|UnrecognizedClientException|OptInRequired|security token included in the request is invalid/;

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
 * The id of the account, asked in the region itself. Without an answer, no other question has one.
 * @param region an AWS region's code.
 * @returns undefined, and a problem more, when AWS refuses.
 */
export async function findAccount(
  region: string,
  lookUp: LookUp,
  options: pulumi.InvokeOptions,
): Promise<string | undefined> {
  try {
    return (await getCallerIdentity({}, options)).accountId;
  } catch (error) {
    const reason = reasonOf(error as Error);
    const mayBeDisabled = !enabledByDefault.includes(region) && refusedCredentials.test(reason);
    lookUp.refuse("name", mayBeDisabled ? disabled(region, reason) : `AWS doesn't answer: ${reason}`);
    return undefined;
  }
}

function disabled(region: string, reason: string): string {
  const wayOut = `run \`aws account enable-region --region-name ${region}\`, which takes some minutes`;
  return `AWS refuses the credentials in ${region}. Either they are wrong, or the account hasn't enabled the region: ${wayOut}. (${reason})`;
}
