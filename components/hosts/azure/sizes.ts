/** Whether the subscription has what a region takes of a size of virtual machine: asked before anything is made, as Azure refuses it halfway through an update. */
import type { Machine } from "../../capacity/machine.ts";
import { candidates, machineNamed, machineNear } from "../../capacity/machines.ts";
import { reasonOf } from "../look-up.ts";
import { listFromArm } from "./arm.ts";
import type { Question } from "./findings.ts";

export interface SizeNeed {
  /** Path of the size in the configuration, within the region. */
  readonly path: string;
  /** The same of the zones, and how they are written there. */
  readonly zonesPath: string;
  writtenZones(zones: readonly string[]): string;
  /** Azure's name of the size. */
  readonly type: string;
  /** Empty for a region without zones. */
  readonly zones: readonly string[];
  /** How many machines there are. */
  readonly min: number;
  readonly max: number;
  /** Further machines while others are replaced. */
  readonly surge: number;
  /** What the region has already. */
  readonly existing?: ExistingMachines | undefined;
  /** Which machines could stand in for it. */
  suits(machine: Machine): boolean;
}

export interface ExistingMachines {
  readonly type: string;
  readonly zones: readonly string[];
  readonly count: number;
}

/** https://learn.microsoft.com/rest/api/compute/resource-skus/list */
interface Sku {
  readonly resourceType: string;
  readonly name: string;
  readonly family: string;
  readonly locationInfo: readonly { readonly location: string; readonly zones?: readonly string[] }[];
  readonly capabilities: readonly { readonly name: string; readonly value: string }[];
  readonly restrictions: readonly {
    readonly type: "Location" | "Zone";
    readonly restrictionInfo?: { readonly locations?: readonly string[]; readonly zones?: readonly string[] };
    readonly reasonCode: string;
  }[];
}

/** https://learn.microsoft.com/rest/api/compute/usage/list */
interface Usage {
  readonly name: { readonly value: string; readonly localizedValue: string };
  readonly currentValue: number;
  readonly limit: number;
}

const apiVersion = "api-version=2021-07-01";

const skuHelp =
  "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available";
const quotaHelp = "https://learn.microsoft.com/azure/quotas/per-vm-quota-requests";

/**
 * Refuses a size that isn't available to the subscription in the region and its zones, and one that exceeds its quota. A region that has the size already goes on with it,
 * with a warning. So does one about which Azure gives no answer.
 *
 * @returns the vCPUs of a machine of that size, where Azure says them
 */
export async function findSize(question: Question, need: SizeNeed): Promise<number | undefined> {
  const { region, subscription, lookUp, options } = question;
  const { path, type } = need;
  const provider = `/subscriptions/${subscription}/providers/Microsoft.Compute`;
  const filter = encodeURIComponent(`location eq '${region.name}'`);
  const ask = <Entry>(what: string, list: string) =>
    listFromArm<Entry>(list, options).catch((error: Error) => {
      lookUp.warn(path, `can't check ${what}: ${reasonOf(error)}`);
      return undefined;
    });
  const [all, usages] = await Promise.all([
    ask<Sku>(
      `whether ${type} is available in ${region.name}`,
      `${provider}/skus?${apiVersion}&$filter=${filter}`,
    ),
    ask<Usage>(
      `the quota of vCPUs in ${region.name}`,
      `${provider}/locations/${region.name}/usages?${apiVersion}`,
    ),
  ]);
  if (!all) return undefined;
  const skus = all.filter(({ resourceType }) => resourceType === "virtualMachines");
  const sku = skus.find(({ name }) => same(name, type));
  const near = machineNear("azure", type);
  const meant = near && `did you mean "${near}"?`;
  const problems = sku
    ? [...offerProblems(sku, skus, need, region.name)]
    : [{ path, message: `${region.name} has no ${type}: ${meant ?? wayOut(skus, need, region.name)}` }];
  const goesOn = hasAlready(need);
  for (const { path, message } of problems) {
    if (goesOn) lookUp.warn(path, message);
    else lookUp.refuse(path, message);
  }
  if (!sku) return undefined;
  if (problems.length === 0 && usages) judgeQuota(question, need, { sku, skus, usages });
  return vCpusOf(sku);
}

function hasAlready({ type, zones, existing }: SizeNeed): boolean {
  return (
    existing !== undefined &&
    same(existing.type, type) &&
    zones.every((zone) => existing.zones.includes(zone))
  );
}

function offerProblems(sku: Sku, skus: readonly Sku[], need: SizeNeed, region: string) {
  const { path, zonesPath, type, zones } = need;
  const restriction = restrictionOf(sku, region);
  if (restriction) {
    const message = `${type} isn't available to the subscription in ${region} (${restriction.reasonCode}): ${wayOut(skus, need, region)}, or ask Azure for it, ${skuHelp}`;
    return [{ path, message }];
  }
  const offered = zonesOfSku(sku, region);
  const missing = zones.filter((zone) => !offered.includes(zone));
  if (missing.length === 0) return [];
  const kept = zones.filter((zone) => offered.includes(zone));
  const instead = kept.length > 0 ? kept : offered.slice(0, 1);
  const other = instead.length > 0 ? `set \`${need.writtenZones(instead)}\`, or ` : "";
  const where = offered.length > 0 ? `only in ${zonesText(offered)} of` : "in no zone of";
  const message = `${type} is available to the subscription ${where} ${region}, not in ${zonesText(missing)}: ${other}${wayOut(skus, need, region)}`;
  return [{ path: zonesPath, message }];
}

function restrictionOf({ restrictions }: Sku, region: string) {
  return restrictions.find(
    ({ type, restrictionInfo }) =>
      type === "Location" && (restrictionInfo?.locations ?? [region]).some((it) => same(it, region)),
  );
}

/** Other sizes that are available in all the zones, the least expensive first. */
function wayOut(skus: readonly Sku[], { path, type, zones, suits }: SizeNeed, region: string): string {
  const architecture = machineNamed("azure", type)?.architecture ?? "arm64";
  const isOffered = (name: string) => {
    const sku = skus.find((it) => same(it.name, name));
    if (!sku || restrictionOf(sku, region)) return false;
    const offered = zonesOfSku(sku, region);
    return zones.every((zone) => offered.includes(zone));
  };
  const others = candidates("azure", architecture)
    .filter((machine) => machine.type !== type && suits(machine) && isOffered(machine.type))
    .slice(0, 3)
    .map((machine) => machine.type);
  return others.length > 0 ? `set \`${path}\` to ${others.join(" or ")}` : `set \`${path}\` to another size`;
}

/** Zones are those of the subscription, which numbers them in its own way. */
function zonesOfSku({ locationInfo, restrictions }: Sku, region: string): string[] {
  const zones = locationInfo.find(({ location }) => same(location, region))?.zones ?? [];
  const restricted = restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
  return zones.filter((zone) => !restricted.includes(zone)).toSorted();
}

/** Azure counts vCPUs by family, and of all families together. */
function judgeQuota(
  { region, lookUp }: Question,
  need: SizeNeed,
  { sku, skus, usages }: { sku: Sku; skus: readonly Sku[]; usages: readonly Usage[] },
): void {
  const { path, type, max, surge, existing } = need;
  const each = vCpusOf(sku);
  if (each === undefined) return;
  const own = existing && skus.find(({ name }) => same(name, existing.type));
  for (const quota of [sku.family, "cores"]) {
    const usage = usages.find(({ name }) => same(name.value, quota));
    // Without a limit.
    if (!usage || usage.limit < 0) continue;
    const isCounted = own !== undefined && (quota === "cores" || same(own.family, quota));
    const counted = isCounted ? (vCpusOf(own) ?? 0) * (existing?.count ?? 0) : 0;
    const left = usage.limit - usage.currentValue + counted;
    const says = (count: number) =>
      `the quota ${usage.name.localizedValue} of ${region.name} leaves ${left} of ${usage.limit} vCPUs to this region, and ${count} of ${type} ${count === 1 ? "needs" : "need"} ${count * each}` +
      `${surge > 0 ? " (one of them during upgrades)" : ""}: ask for a larger quota, ${quotaHelp}`;
    if (required(need) * each > left) lookUp.refuse(path, says(required(need)));
    else if ((max + surge) * each > left) lookUp.warn(path, says(max + surge));
  }
}

/** Machines without which the region can't be made, or changed: none, where those that are there are enough. */
function required({ type, min, surge, existing }: SizeNeed): number {
  if (existing === undefined || !same(existing.type, type)) return min + surge;
  return min > existing.count ? min + surge : 0;
}

function vCpusOf({ capabilities }: Sku): number | undefined {
  const vCpus = capabilities.find(({ name }) => name === "vCPUs");
  return vCpus && Number(vCpus.value);
}

function zonesText(zones: readonly string[]): string {
  return `${zones.length === 1 ? "zone" : "zones"} ${zones.join(", ")}`;
}

/** Azure's names have no case. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
