import type { Problem } from "../../config/problems.ts";
import type { AwsRegion } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { briefly, sdkSettings } from "./sdk-settings.ts";

/**
 * That the credentials are those of an account that the configuration allows. Asked before the provider is made, which refuses to start in another account: then nothing else
 * of the stack is told. Without an answer, it is left to the provider.
 */
export async function accountProblems({
  region: { name },
  governance: { allowedAccountIds: allowed } = {},
}: Pick<RegionPlan<AwsRegion>, "region" | "governance">): Promise<Problem[]> {
  if (!allowed) return [];
  const accountId = await callerAccount(name).catch(() => undefined);
  if (accountId === undefined || allowed.includes(accountId)) return [];
  const message = `the credentials are of the account ${accountId}, which isn't in this list: use those of ${allowed.join(" or ")}`;
  return [{ path: "governance.allowedAccountIds", message }];
}

/** Everyone may ask this: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html. The SDK is loaded for it alone. */
async function callerAccount(region: string): Promise<string | undefined> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient(sdkSettings(region, briefly));
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Account;
  } finally {
    client.destroy();
  }
}
