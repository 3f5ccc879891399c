import { getStorageAccount } from "@pulumi/azure-native/storage/getStorageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { LookUp } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { isMissing } from "./arm.ts";
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
  const account = getStorageAccount({ accountName, resourceGroupName }, options);
  const isFree = await lookUp.askForNothing(path, `the storage account ${accountName}`, account, {
    isMissing,
    unknown: "can't be looked for",
  });
  return isFree ? accountName : undefined;
}
