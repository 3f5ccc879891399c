import { execa } from "execa";
import type { Values } from "./import-file.ts";

/** The provider's subscription, found as the provider finds it: https://www.pulumi.com/registry/packages/azure-native/installation-configuration/ */
export async function azureSubscription({ subscriptionId }: Values): Promise<string> {
  if (typeof subscriptionId === "string") return subscriptionId;
  if (process.env.ARM_SUBSCRIPTION_ID) return process.env.ARM_SUBSCRIPTION_ID;
  fromCli ??= execa("az", ["account", "show", "--query", "id", "--output", "tsv"]);
  return (await fromCli).stdout.trim();
}

let fromCli: Promise<{ readonly stdout: string }> | undefined;
