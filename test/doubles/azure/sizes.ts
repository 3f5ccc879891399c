/** The subscription's access to sizes of virtual machines: which sizes, in which zones, and how many vCPUs. */
import { type Cloud, everywhere, type Request, type Thing } from "../cloud.ts";
import { CloudError, demand } from "../faults.ts";
import { type Inputs, text, valuesAt } from "../values.ts";
import { isRegion, subscriptionId, types, zonesIn } from "./account.ts";
import { featureAt } from "./features.ts";
import { imageAt } from "./images.ts";
import { managedCluster, nodesOf, type Pool, poolsOf } from "./node-pools.ts";
import { zoneLinksAt } from "./private-dns.ts";
import { sizeNamed, sizes } from "./skus.ts";
import { storageSkus } from "./storage.ts";

/** Records that tests add to an account. No stack creates them. */
const restriction = "restriction of a size";
const quota = "quota of vCPUs";

export const virtualMachine = "azure-native:compute:VirtualMachine";

/** Azure's default differs between subscriptions. */
const defaultLimit = 100;

/**
 * Makes a size or disk type unavailable.
 * @param size of machines, or a type of disk
 * @param zones in which it is unavailable; none for the whole region
 */
export function restrict(cloud: Cloud, size: string, location: string, zones: readonly string[] = []): void {
  const inputs = { size, location, zones };
  cloud.keep({ type: restriction, id: `${location}/${size}`, scope: everywhere, inputs, outputs: {} });
}

/** Sets a quota. @param family as in the size, or `cores` for all families together */
export function limit(cloud: Cloud, family: string, location: string, vCpus: number): void {
  const inputs = { family, location, vCpus };
  cloud.keep({ type: quota, id: `${location}/${family}`, scope: everywhere, inputs, outputs: {} });
}

/** https://learn.microsoft.com/rest/api/compute/resource-skus/list#list-all-resource-skus-for-the-specified-region */
function skusIn(cloud: Cloud, location: string): Inputs[] {
  const offered = (name: string) => ({
    name,
    locations: [location],
    locationInfo: [{ location, zones: zonesIn(location).toReversed() }],
    restrictions: restrictionsOf(cloud, name, location).map((zones) => ({
      type: zones.length > 0 ? "Zone" : "Location",
      values: [location],
      restrictionInfo: { locations: [location], ...(zones.length > 0 && { zones }) },
      reasonCode: "NotAvailableForSubscription",
    })),
  });
  return [
    ...sizes.map(({ name, family, vCpu, memoryGiB, capabilities }) => ({
      resourceType: "virtualMachines",
      ...offered(name),
      family,
      capabilities: [
        { name: "vCPUs", value: String(vCpu) },
        { name: "MemoryGB", value: String(memoryGiB) },
        ...Object.entries(capabilities).map(([capability, value]) => ({ name: capability, value })),
      ],
    })),
    ...["Premium_LRS", "PremiumV2_LRS"].map((name) => ({ resourceType: "disks", ...offered(name) })),
  ];
}

function restrictionsOf(cloud: Cloud, size: string, location: string): string[][] {
  const found = cloud.find(restriction, `${location}/${size}`, everywhere);
  return found ? [valuesAt("zones[*]", found.inputs).map(String)] : [];
}

/** https://learn.microsoft.com/rest/api/compute/usage/list */
function usagesIn(cloud: Cloud, location: string): Inputs[] {
  const families = new Set(sizes.map((size) => size.family));
  return ["cores", ...families].map((family) => ({
    unit: "Count",
    name: {
      // The lists of sizes and of usages can spell a family's name in different cases.
      value: family.replace(/^S/, "s"),
      localizedValue: family === "cores" ? "Total Regional vCPUs" : `${family} vCPUs`,
    },
    currentValue: usedBy(cloud, location, family),
    limit: limitOf(cloud, location, family),
  }));
}

function limitOf(cloud: Cloud, location: string, family: string): number {
  const found = cloud.find(quota, `${location}/${family}`, everywhere);
  return found ? Number(found.inputs.vCpus) : defaultLimit;
}

function usedBy(cloud: Cloud, location: string, family: string, except?: string): number {
  const vms = cloud
    .things(virtualMachine)
    .map((it) => ({ owner: it, size: text("hardwareProfile.vmSize", it.inputs), count: 1 }));
  const nodes = cloud.things(managedCluster).flatMap((owner) =>
    poolsOf(owner.inputs).map(({ name, size, count }) => ({
      owner,
      size,
      count: nodesOf(cloud, owner.id, name) ?? count,
    })),
  );
  return [...vms, ...nodes]
    .filter(({ owner, size }) => {
      const isCounted = family === "cores" || sizeNamed(size)?.family === family;
      return owner.inputs.location === location && owner.id !== except && isCounted;
    })
    .reduce((sum, { size, count }) => sum + count * vCpusOf(size), 0);
}

function vCpusOf(size: string): number {
  return sizeNamed(size)?.vCpu ?? 0;
}

/** Refuses machines that aren't available to the subscription: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available */
export function demandSize(
  request: Pick<Request, "inputs" | "cloud">,
  { size, zones }: Pick<Pool, "size" | "zones">,
): void {
  const name = sizeNamed(size)?.name;
  demandOffer(request, { what: `VM size '${size}'`, name, zones });
}

/** Refuses disks in the same way. */
export function demandDiskType(request: Pick<Request, "inputs" | "cloud">, type: string): void {
  const zones = valuesAt("zones[*]", request.inputs).map(String);
  demandOffer(request, { what: `disk type '${type}'`, name: type, zones });
}

function demandOffer(
  { inputs, cloud }: Pick<Request, "inputs" | "cloud">,
  { what, name, zones }: { what: string; name: string | undefined; zones: readonly string[] },
): void {
  const location = text("location", inputs);
  const offered =
    name !== undefined &&
    restrictionsOf(cloud, name, location).every(
      (restricted) => restricted.length > 0 && !zones.some((zone) => restricted.includes(zone)),
    );
  demand(
    offered,
    "SkuNotAvailable",
    `The requested ${what} is not available in location '${location}' zones '${zones}' for subscription '${subscriptionId}'.`,
  );
}

/**
 * Refuses machines that exceed the quota: https://learn.microsoft.com/azure/quotas/quotas-overview
 * @param itself the resource before an update, whose machines are already counted
 */
export function demandQuota(
  { inputs, cloud }: Pick<Request, "inputs" | "cloud">,
  { size, count }: Pick<Pool, "size" | "count">,
  itself?: Pick<Thing, "id">,
): void {
  const location = text("location", inputs);
  for (const family of [sizeNamed(size)?.family ?? "", "cores"]) {
    const free = limitOf(cloud, location, family) - usedBy(cloud, location, family, itself?.id);
    demand(
      count * vCpusOf(size) <= free,
      "ErrCode_InsufficientVCPUQuota",
      `Insufficient vcpu quota requested ${count * vCpusOf(size)}, remaining ${free} for family ${family} for region ${location}.`,
    );
  }
}

/** The token that the provider's function returns. */
export const token = "token of whoever runs the update";

/** Azure Resource Manager's answer: a page of a list, or a resource. @throws CloudError for an invalid request */
export function answerOfArm(cloud: Cloud, url: URL, authorization: string | undefined): object {
  demand(authorization === `Bearer ${token}`, "AuthenticationFailed", "Authentication failed.");
  demand(url.searchParams.has("api-version"), "MissingApiVersionParameter", "The api-version is required.");
  const { pathname } = url;
  const root = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute`;
  if (pathname === `${root}/skus`) {
    const [, location = ""] = /^location eq '(\w+)'$/.exec(url.searchParams.get("$filter") ?? "") ?? [];
    demand(isRegion(location), "InvalidFilterInQueryString", `filter ${url.searchParams.get("$filter")}`);
    return pageOf(skusIn(cloud, location), url);
  }
  if (pathname === `/subscriptions/${subscriptionId}/providers/Microsoft.Storage/skus`)
    return pageOf(storageSkus(cloud), url);
  const [, location = ""] = /\/locations\/(\w+)\/usages$/.exec(pathname) ?? [];
  if (pathname === `${root}/locations/${location}/usages` && isRegion(location)) {
    return { value: usagesIn(cloud, location) };
  }
  for (const type of [
    types.zone,
    types.privateZone,
    types.encryptionSet,
    types.userIdentity,
    types.workspace,
  ]) {
    const found = cloud.find(type, pathname, everywhere);
    if (found) return { id: found.id, ...found.inputs };
  }
  const [, zone] = /^(.+\/(?:privateD|d)nsZones\/[^/]+)\/all$/.exec(pathname) ?? [];
  if (zone) return pageOf(recordsIn(cloud, zone), url);
  const links = zoneLinksAt(cloud, pathname);
  if (links) return links;
  const image = imageAt(cloud, pathname, url.searchParams.get("$expand"));
  if (image) return image;
  const feature = featureAt(cloud, pathname);
  if (feature) return feature;
  const isNamed = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers(?:\/[^/]+){3}$/i.test(pathname);
  throw new CloudError(isNamed ? "ResourceNotFound" : "InvalidResourceType", `There is no ${pathname}.`);
}

/** The record sets of a zone. */
function recordsIn(cloud: Cloud, zone: string): Inputs[] {
  return [types.recordSet, types.privateRecordSet]
    .flatMap((type) => cloud.things(type))
    .filter(({ id }) => id.startsWith(`${zone}/`))
    .map(({ id }) => ({
      id,
      type: `Microsoft.Network/dnszones/${id.split("/").at(-2)}`,
      name: id.split("/").at(-1),
    }));
}

/** Lists are long, so the first half links to the second. */
function pageOf(list: readonly Inputs[], url: URL): object {
  const half = Math.ceil(list.length / 2);
  if (url.searchParams.has("$skiptoken")) return { value: list.slice(half) };
  const next = new URL(url);
  next.searchParams.set("$skiptoken", "2");
  return { value: list.slice(0, half), nextLink: next.href };
}
