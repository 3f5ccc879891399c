import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureVmRegion, Governance } from "../../config/schema.ts";
import type { AzureStore } from "../../pod/store.ts";
import { type Grantee, grant } from "./identity.ts";
import type { Place } from "./place.ts";
import type { storeSku } from "./regions.ts";

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
