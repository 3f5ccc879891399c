import { getStorageAccount } from "@pulumi/azure-native/storage/getStorageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import type { LookUp } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { isMissing } from "./arm.ts";
import { namesOf, storageAccountName } from "./naming.ts";
import { storeSku } from "./regions.ts";

export interface StorageAccountQuestion {
  readonly region: Pick<AzureRegion, "name" | "topology" | "resourceGroup">;
  /** Of the stack. */
  readonly subscription: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

const path = "storage.kind";
const accountType = "azure-native:storage:StorageAccount";

/**
 * The name for the storage account of a region with `storage.kind: bucket`. It can't be asked for whether somebody else in Azure has it, which is unlikely, as it
 * is a hash; Azure then says `StorageAccountAlreadyTaken` when it makes the account.
 *
 * @returns undefined, and a problem more, when one of that name is in the resource group and isn't this stack's.
 */
export async function findStorageAccountName({
  region: { name: region, topology, resourceGroup },
  subscription,
  lookUp,
  options,
}: StorageAccountQuestion): Promise<string | undefined> {
  const identity = { stack: pulumi.getStack(), region };
  const accountName = storageAccountName(subscription, identity);
  const resourceGroupName = resourceGroup ?? namesOf(identity).resourceGroup;
  const accounts = await previousOutputs<{ name: string; sku: { name: string } }>(accountType);
  const { name: previousName, sku: { name: sku = "" } = {} } = accounts.get(region) ?? {};
  if (previousName === accountName) {
    if (storeSku({ name: region, topology }) === "Standard_ZRS" && !sku.endsWith("ZRS")) {
      const convert = `az storage account migration start --account-name ${accountName} --resource-group ${resourceGroupName} --sku Standard_ZRS --no-wait`;
      const message = `the storage account ${accountName} is ${sku}, in one zone, and an update can't change that: \`${convert}\` makes it zone-redundant, and \`pulumi refresh\` takes note of it (docs/upgrading.md)`;
      lookUp.warn(path, message);
    }
    return accountName;
  }
  const account = getStorageAccount({ accountName, resourceGroupName }, options);
  const isFree = await lookUp.askForNothing(path, `the storage account ${accountName}`, account, {
    isMissing,
    unknown: "can't be looked for",
  });
  return isFree ? accountName : undefined;
}
