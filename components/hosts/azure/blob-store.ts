import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { getStorageAccount } from "@pulumi/azure-native/storage/getStorageAccount.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion, AzureVmRegion, Governance } from "../../config/schema.ts";
import type { AzureStore } from "../../pod/store.ts";
import type { LookUp } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { isMissing } from "./arm.ts";
import { type Grantee, grant } from "./identity.ts";
import { namesOf, storageAccountName } from "./naming.ts";
import type { Place } from "./place.ts";
import { storeSku } from "./regions.ts";

export interface BlobStoreArgs {
  readonly place: Place;
  /** By findStorageAccountName(). */
  readonly account: string;
  /** Of a new account. One that is there keeps what it has. */
  readonly sku: ReturnType<typeof storeSku>;
  /** After how many days a blob is deleted. */
  readonly expireDays: number;
  /** @default a key of Azure */
  readonly key?: Governance["storageKey"] | undefined;
}

export interface BlobStore {
  readonly account: StorageAccount;
  readonly container: BlobContainer;
}

/** The one of the storage account. */
const containerName = "registry";

/**
 * A storage account with one container for the blobs of the region's cache alone, which nobody reaches by a key. All of it can be fetched again, so no other region has
 * a copy, and it is deleted with what is in it.
 *
 * It can be reached from everywhere, where rights or a signed URL let in: firewall rules don't know the addresses by which machines of its own region come,
 * https://learn.microsoft.com/azure/storage/common/storage-network-security-limitations
 *
 * @param name of the region
 */
export function createBlobStore(
  name: string,
  { place, account: accountName, sku, expireDays, key }: BlobStoreArgs,
  options: pulumi.CustomResourceOptions,
): BlobStore {
  const { resourceGroupName } = place;
  const account = new StorageAccount(
    name,
    {
      ...place,
      accountName,
      kind: "StorageV2",
      sku: { name: sku },
      accessTier: "Hot",
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      defaultToOAuthAuthentication: true,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
      publicNetworkAccess: "Enabled",
      // Said also without a key: Azure keeps what isn't said.
      ...(key ? encryptedBy(key) : { encryption: { keySource: "Microsoft.Storage" } }),
    },
    // Azure refuses such an update: only a conversion that the customer starts makes a zone-redundant account of another one. docs/upgrading.md has the command.
    // https://learn.microsoft.com/azure/storage/common/redundancy-migration
    { ...options, ignoreChanges: ["sku"] },
  );
  const own = { resourceGroupName, accountName: account.name };
  const container = new BlobContainer(
    name,
    { ...own, containerName, publicAccess: "None" },
    { ...options, deletedWith: account },
  );
  new ManagementPolicy(
    name,
    {
      ...own,
      managementPolicyName: "default",
      policy: {
        rules: [
          {
            name: "expire",
            type: "Lifecycle",
            enabled: true,
            definition: {
              // distribution appends to a blob what it doesn't get in one piece, and a copy of it is of the same type:
              // https://github.com/distribution/distribution/blob/v3.1.2/registry/storage/driver/azure/azure.go
              filters: { blobTypes: ["blockBlob", "appendBlob"] },
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: expireDays } } },
            },
          },
        ],
      },
    },
    { ...options, deletedWith: account },
  );
  return { account, container };
}

/** Resource id of what has the logs of a container. */
export function blobService({ account }: BlobStore): pulumi.Output<string> {
  return pulumi.interpolate`${account.id}/blobServices/default`;
}

/** Without a version, Storage takes the newest one: https://learn.microsoft.com/azure/storage/common/customer-managed-keys-configure-existing-account */
function encryptedBy({ key, identity }: NonNullable<BlobStoreArgs["key"]>) {
  const { origin, pathname } = new URL(key);
  return {
    identity: { type: "UserAssigned", userAssignedIdentities: [identity] },
    encryption: {
      keySource: "Microsoft.Keyvault",
      keyVaultProperties: { keyVaultUri: origin, keyName: pathname.slice("/keys/".length) },
      encryptionIdentity: { encryptionUserAssignedIdentity: identity },
      services: { blob: { enabled: true, keyType: "Account" } },
    },
  };
}

/**
 * Lets an identity read and write the container. To sign URLs, it also gets the key for that, which only the account as a whole has:
 * https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#assign-permissions-with-rbac
 *
 * @param name of the region
 * @returns what should be there when the identity is used; it can take ten minutes to count.
 */
export function grantBlobStore(
  name: string,
  { identity, store, delivery }: { identity: Grantee; store: BlobStore } & Pick<AzureStore, "delivery">,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return [
    grant(
      `${name}-store`,
      { identity, role: "storageBlobDataContributor", scope: store.container.id },
      options,
    ),
    ...(delivery === "redirect"
      ? [
          grant(
            `${name}-store-redirect`,
            { identity, role: "storageBlobDelegator", scope: store.account.id },
            options,
          ),
        ]
      : []),
  ];
}

/** The container of a machine's region that has one. */
export function storeOf(
  { storage }: Pick<AzureVmRegion, "storage">,
  account: string | undefined,
): AzureStore | undefined {
  return storage.kind === "disk" || account === undefined ? undefined : blobStore(account, storage.delivery);
}

/** The container as the Pod's origins reach it, by the identity of the machine or the Pod. */
export function blobStore(account: string, delivery: AzureStore["delivery"]): AzureStore {
  return { kind: "azure", account, container: containerName, delivery };
}

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
