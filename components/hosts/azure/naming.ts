import { createHash } from "node:crypto";
import type { AzureRegion } from "../../config/schema.ts";
import { conventionalStack } from "../../config/stack-name.ts";
import type { AzureStore } from "../../pod/store.ts";
import type { RegionPlan } from "../kind.ts";
import { type CacheIdentity, capped, project, sha256 } from "../naming.ts";

export type Names = Readonly<ReturnType<typeof namesOf>>;

/** The common part of the plans for a machine and for a cluster. */
export interface AzurePlan extends RegionPlan<AzureRegion> {
  readonly names: Names;
}

const longestGroupName = 90;
const longestLinkName = 80;

/**
 * All names of a cache in Azure. (Pulumi's own resource names begin with the region.) The same input must always give the same names, because another name replaces the resource.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export function namesOf({ stack, region }: CacheIdentity) {
  const isConventional = stack === conventionalStack("azure", region);
  const cache = [project, ...(isConventional ? [] : [stack]), region].join("-");
  const base = `${project}-${region}`;
  return {
    /** The only name that must be unique among resources of others. (All other resources are in this group.) */
    resourceGroup: capped(cache, longestGroupName),
    machine: base,
    disk: `${base}-data`,
    address: `${base}-address`,
    networkInterface: `${base}-interface`,
    firewall: `${base}-firewall`,
    network: `${base}-network`,
    /** NAT gateway of a network that the stack creates for a private endpoint. */
    outbound: `${base}-outbound`,
    /** The private link service for other subscriptions, and the machine's load balancer behind it. */
    privateLink: `${base}-private-link`,
    /** Link between such a network and a private DNS zone. Other caches have links with the same zone. */
    zoneLink: capped(cache, longestLinkName)
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-"),
    identity: `${base}-identity`,
  };
}

/**
 * The name of a region's key vault. It must be unique in all of Azure, and is reserved for days after the vault is deleted. So each creation of the region needs another
 * name: it depends on the identity, which is new each time.
 * @returns 22 characters; 24 are allowed
 */
export function vaultName(principalId: string): string {
  return `cache-${sha256(principalId).slice(0, 16)}`;
}

/**
 * The name of a region's storage account. It must be unique in all of Azure, and is free again as soon as the account is deleted.
 * @returns 24 characters, the allowed maximum
 */
export function storageAccountName(subscription: string, { stack, region }: CacheIdentity): string {
  return `cache${sha256(JSON.stringify([subscription, stack, region])).slice(0, 19)}`;
}

/** A random namespace of this project. */
const uuidNamespace = "6f0f1a52-3d5c-4f0e-9b8e-5c1f6a7d2e94";

/** A version 5 UUID. The same parts always give the same UUID: https://www.rfc-editor.org/rfc/rfc9562#section-5.5 */
export function uuidFor(...parts: readonly string[]): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(uuidNamespace.replaceAll("-", ""), "hex"))
    .update(JSON.stringify(parts))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export type ClusterNames = Readonly<ReturnType<typeof clusterNamesOf>>;

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerservice */
const longestNodeGroupName = 80;

/** All names of a region's cluster, including those that it shares with a machine. The same input must always give the same names, because another name replaces the resource. */
export function clusterNamesOf(identity: CacheIdentity) {
  const shared = namesOf(identity);
  const base = `${project}-${identity.region}`;
  return {
    ...shared,
    cluster: base,
    /** Also the start of the API's host name. Azure appends its own part. */
    dnsPrefix: base,
    /** The resource group in which AKS creates the nodes and the load balancer. */
    nodeResourceGroup: capped(`${shared.resourceGroup}-nodes`, longestNodeGroupName),
    /** The cluster's own identity, with which AKS changes the network. `identity` is the cache's. */
    clusterIdentity: `${base}-cluster`,
    certManagerIdentity: `${base}-cert-manager`,
  };
}

/** Splits `/subscriptions/<subscription>/resourceGroups/<group>/providers/<type>/<kind>/<name>/<kind>/<child>`. The subscription is returned in lower case, because Azure ignores case. */
export function partsOf(resourceId: string) {
  const [, , subscription = "", , group = "", , , , name = "", , child = ""] = resourceId.split("/");
  return { subscription: subscription.toLowerCase(), group, name, child };
}

/** Name of the storage account's only container. */
export const containerName = "registry";

/** The container as the Pod's origins access it, with the identity of the machine or the Pod. */
export function blobStore(account: string, delivery: AzureStore["delivery"]): AzureStore {
  return { kind: "azure", account, container: containerName, delivery };
}
