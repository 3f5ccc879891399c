import { BlobContainer } from "@pulumi/azure-native/storage/blobContainer.js";
import { getStorageAccount } from "@pulumi/azure-native/storage/getStorageAccount.js";
import { ManagementPolicy } from "@pulumi/azure-native/storage/managementPolicy.js";
import { StorageAccount } from "@pulumi/azure-native/storage/storageAccount.js";
import * as pulumi from "@pulumi/pulumi";
import type { Governance } from "../../config/schema.ts";
import { sameIgnoringCase } from "../../config/text.ts";
import type { AzureStore } from "../../pod/store.ts";
import { previousResource } from "../previous-outputs.ts";
import { isMissing, listFromArm } from "./arm.ts";
import { createDiagnostics, demandReachable } from "./governance.ts";
import { type Grant, type Grantee, grant } from "./identity.ts";
import { blobStore, containerName, storageAccountName } from "./naming.ts";
import type { InPlace } from "./place.ts";
import type { Question } from "./question.ts";
import { type StoreSku, storeSku } from "./regions.ts";

export interface BlobStoreArgs extends Pick<AzureStore, "account" | "delivery"> {
  /** A blob is deleted after this many days. */
  readonly expireDays: number;
  /** The identity that reads and writes the container. */
  readonly identity: Grantee;
  /** The redundancy of a new account. @default that of the region's topology */
  readonly sku?: StoreSku | undefined;
}

export interface BlobStore {
  readonly store: AzureStore;
  readonly container: BlobContainer;
  /** Rights that should exist before the identity is used. They can take ten minutes to become effective. */
  readonly rights: readonly pulumi.Resource[];
}

/**
 * Creates a storage account with one container for the blobs of one region's cache. Access by account keys is disabled. All blobs can be fetched again, so there is no copy in
 * another region, and the account is deleted with its content.
 *
 * Every network can reach the account; rights or a signed URL are required. Rules for addresses can't be used, because they can't match machines in the account's own region:
 * https://learn.microsoft.com/azure/storage/common/storage-network-security-limitations. Rules for subnets would refuse clients in other networks, which read from the account with `delivery: redirect`.
 */
export function createBlobStore(
  { plan, place }: InPlace,
  { account: accountName, delivery, expireDays, identity, sku = storeSku(plan.region) }: BlobStoreArgs,
  options: pulumi.CustomResourceOptions,
): BlobStore {
  const { resourceGroupName } = place;
  const { name } = plan.region;
  const { storageKey: key } = plan.governance ?? {};
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
      // Set explicitly even without a key, because Azure keeps a setting that is left out.
      ...(key ? encryptedBy(key) : { encryption: { keySource: "Microsoft.Storage" } }),
    },
    // An existing account keeps its redundancy. Azure refuses this update: only a conversion that the customer starts makes an account zone-redundant. docs/upgrading.md has the command.
    // https://learn.microsoft.com/azure/storage/common/redundancy-migration
    { ...options, ignoreChanges: ["sku"] },
  );
  pulumi
    .all([account.publicNetworkAccess, account.networkRuleSet, account.privateEndpointConnections])
    .apply(([publicNetworkAccess, rules, privateEndpointConnections]) =>
      demandReachable("storage account", accountName, {
        publicNetworkAccess,
        rules,
        privateEndpointConnections,
      }),
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
              // distribution writes a blob that arrives in pieces as an append blob, and a copy keeps that type:
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
  const service = pulumi.interpolate`${account.id}/blobServices/default`;
  createDiagnostics(plan, "blobs", service, options);
  const right = (part: string, role: Grant["role"], scope: pulumi.Input<string>) =>
    grant(`${name}-${part}`, { identity, role, scope }, options);
  const rights = [
    right("store", "storageBlobDataContributor", container.id),
    // To sign URLs, the identity needs a user delegation key, which exists only for the whole account:
    // https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#assign-permissions-with-rbac
    ...(delivery === "redirect" ? [right("store-redirect", "storageBlobDelegator", account.id)] : []),
  ];
  return { store: blobStore(accountName, delivery), container, rights };
}

/** Names no key version, so Storage uses the newest: https://learn.microsoft.com/azure/storage/common/customer-managed-keys-configure-existing-account */
function encryptedBy({ key, identity }: NonNullable<Governance["storageKey"]>) {
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

const path = "storage.kind";
const accountType = "azure-native:storage:StorageAccount";

/**
 * The name for the storage account of a region with `storage.kind: bucket`. Whether another Azure customer has the name can't be checked. That is unlikely, because the
 * name is a hash. If so, Azure answers `StorageAccountAlreadyTaken` when the account is created.
 *
 * @returns undefined, after adding a problem, if the resource group has an account with that name that isn't this stack's
 */
export async function findStorageAccountName(question: Question): Promise<string | undefined> {
  const { plan, region, subscription, lookUp, options } = question;
  const { name, resourceGroup: resourceGroupName = plan.names.resourceGroup } = region;
  const accountName = storageAccountName(subscription, { stack: plan.stack, region: name });
  const previous = await previousResource<{ name: string; sku: { name: string } }>(accountType, name);
  const { name: previousName, sku: { name: sku = "" } = {} } = previous ?? {};
  if (previousName === accountName) {
    if (storeSku(region) === "Standard_ZRS" && !sku.endsWith("ZRS") && (await hasZrs(question))) {
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

/** The redundancy of a new account. Warns if the region has zones, but no zone-redundant storage. An existing account keeps its redundancy. */
export async function findStoreSku(question: Question): Promise<StoreSku> {
  const { region, lookUp } = question;
  const wanted = storeSku(region);
  const isThere = (await previousResource(accountType, region.name)) !== undefined;
  if (isThere || wanted !== "Standard_ZRS" || (await hasZrs(question))) return wanted;
  const message = `${region.name} has no zone-redundant storage (Standard_ZRS), so the storage account is in one zone (Standard_LRS). While that zone fails, replicas serve only what they have`;
  lookUp.warn(path, message);
  return "Standard_LRS";
}

/** https://learn.microsoft.com/rest/api/storagerp/skus/list */
interface StorageSku {
  readonly name: string;
  readonly kind: string;
  readonly locations: readonly string[];
  readonly restrictions?: readonly unknown[];
}

/** Whether the region offers zone-redundant accounts, as not every region with zones does: https://learn.microsoft.com/azure/reliability/regions-list. True if Azure doesn't say. */
async function hasZrs({ region, subscription, options }: Question): Promise<boolean> {
  const list = `/subscriptions/${subscription}/providers/Microsoft.Storage/skus?api-version=2023-05-01`;
  const skus = await listFromArm<StorageSku>(list, options).catch(() => []);
  const zonal = skus.filter(({ name, kind }) => name === "Standard_ZRS" && kind === "StorageV2");
  const isHere = ({ locations, restrictions = [] }: StorageSku) =>
    restrictions.length === 0 && locations.some((it) => sameIgnoringCase(it, region.name));
  return zonal.length === 0 || zonal.some(isHere);
}
