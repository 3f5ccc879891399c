import { createHash } from "node:crypto";
import type { AzureRegion } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { type CacheIdentity, capped, project, sha256 } from "../naming.ts";

export type Names = Readonly<ReturnType<typeof namesOf>>;

/** What the plans of a machine's region and a cluster's have in common. */
export interface AzurePlan extends RegionPlan<AzureRegion> {
  readonly names: Names;
}

const longestGroupName = 90;
const longestLinkName = 80;

/**
 * All names of a cache in Azure; Pulumi's own names of the resources begin with the region. The same input gives the same names for ever: another name replaces the resource.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export function namesOf({ stack, region }: CacheIdentity) {
  // The conventional stack of one region says nothing that the region doesn't.
  const cache = [project, ...(stack === `azure-${region}` ? [] : [stack]), region].join("-");
  const base = `${project}-${region}`;
  return {
    /** The only one that is shared with what isn't of this cache. */
    resourceGroup: capped(cache, longestGroupName),
    machine: base,
    disk: `${base}-data`,
    address: `${base}-address`,
    networkInterface: `${base}-interface`,
    firewall: `${base}-firewall`,
    network: `${base}-network`,
    /** Of the way out of a network that the stack makes for a private endpoint. */
    outbound: `${base}-outbound`,
    /** Of the service for other subscriptions, and of the machine's load balancer behind it. */
    privateLink: `${base}-private-link`,
    /** Of such a network with a private DNS zone, which other caches share. */
    zoneLink: capped(cache, longestLinkName)
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-"),
    identity: `${base}-identity`,
  };
}

/**
 * The name of a region's vault. It is shared with all of Azure, and stays taken for days after the vault is deleted. So it belongs to one creation of the region:
 * it follows from the identity, which is another one each time.
 * @returns 22 of the 24 characters that are allowed.
 */
export function vaultName(principalId: string): string {
  return `cache-${sha256(principalId).slice(0, 16)}`;
}

/**
 * The name of a region's storage account, which is shared with all of Azure, and free again as soon as the account is deleted.
 * @returns 24 characters, the most that are allowed.
 */
export function storageAccountName(subscription: string, { stack, region }: CacheIdentity): string {
  return `cache${sha256(JSON.stringify([subscription, stack, region])).slice(0, 19)}`;
}

/** This project's own, a random one. */
const uuidNamespace = "6f0f1a52-3d5c-4f0e-9b8e-5c1f6a7d2e94";

/** A UUID of version 5, the same for the same parts: https://www.rfc-editor.org/rfc/rfc9562#section-5.5 */
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

/** All names of a region's cluster, with those that it has in common with a machine. The same input gives the same names for ever: another name replaces the resource. */
export function clusterNamesOf(identity: CacheIdentity) {
  const shared = namesOf(identity);
  const base = `${project}-${identity.region}`;
  return {
    ...shared,
    cluster: base,
    /** Also the beginning of the API's host name, to which Azure adds a part of its own. */
    dnsPrefix: base,
    /** Where AKS puts nodes and load balancer. */
    nodeResourceGroup: capped(`${shared.resourceGroup}-nodes`, longestNodeGroupName),
    /** The cluster's own, by which AKS works on the network. `identity` is that of the cache. */
    clusterIdentity: `${base}-cluster`,
    certManagerIdentity: `${base}-cert-manager`,
  };
}
