import { getStorageAccount } from "@pulumi/azure-native/storage/getStorageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import { previousOutputs } from "../previous-outputs.ts";
import { type LookUp, reasonOf } from "../vm/look-up.ts";
import { namesOf, storageAccountName } from "./naming.ts";

export interface StorageAccountQuestion {
  readonly region: { readonly name: string; readonly resourceGroup?: string | undefined };
  /** Of the stack. */
  readonly subscription: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

const path = "storage.kind";

/**
 * The name for the storage account of a region with `storage.kind: bucket`. It can't be asked for whether somebody else in Azure has it, which is unlikely, as it
 * is a hash; Azure then says `StorageAccountAlreadyTaken` when it makes the account.
 *
 * @returns undefined, and a problem more, when one of that name is in the resource group and isn't this stack's.
 */
export async function findStorageAccountName({
  region: { name: region, resourceGroup },
  subscription,
  lookUp,
  options,
}: StorageAccountQuestion): Promise<string | undefined> {
  const identity = { stack: pulumi.getStack(), region };
  const accountName = storageAccountName(subscription, identity);
  const resourceGroupName = resourceGroup ?? namesOf(identity).resourceGroup;
  const previous = await previousOutputs("azure-native:storage:StorageAccount", "name");
  if (previous.get(region) === accountName) return accountName;
  const problem = await getStorageAccount({ accountName, resourceGroupName }, options).then(
    () =>
      `the storage account ${accountName} is there already, and not of this stack: delete it, or take it over by \`pulumi import\``,
    (error: Error) =>
      isMissing(error)
        ? undefined
        : `the storage account ${accountName} can't be looked for: ${reasonOf(error)}`,
  );
  if (problem === undefined) return accountName;
  lookUp.refuse(path, problem);
  return undefined;
}

/** The account, or its whole resource group: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found */
function isMissing({ message }: Error): boolean {
  return /ResourceNotFound|ResourceGroupNotFound/.test(message);
}
