/** Checks before an update whether the subscription can use a virtual machine size. Otherwise, Azure refuses it halfway through the update. */
import type { Architecture } from "../../capacity/machine.ts";
import { machineNear } from "../../capacity/machines.ts";
import { sameIgnoringCase } from "../../config/text.ts";
import { reasonOf } from "../look-up.ts";
import { listFromArm } from "./arm.ts";
import type { Question } from "./question.ts";

export interface SizeNeed {
  /** Path of the size in the configuration, relative to the region. */
  readonly path: string;
  /** Path of the zones in the configuration; `writtenZones` formats zones as the configuration does. */
  readonly zonesPath: string;
  writtenZones(zones: readonly string[]): string;
  /** Azure's name of the size. */
  readonly type: string;
  /** Empty in a region without zones. */
  readonly zones: readonly string[];
  /** Number of machines, from `min` to `max`. */
  readonly min: number;
  readonly max: number;
  /** Number of additional machines while others are replaced. */
  readonly surge: number;
  /** The region's existing machines. */
  readonly existing?: ExistingMachines | undefined;
  /** Why an available size can't be used, as the predicate of a sentence. @default every available size can be used */
  shortcoming?(sku: Sku): string | undefined;
  /** Azure's name of the type of a data disk that will be created in the zones. */
  readonly newDisk?: string | undefined;
  /** Offered sizes that could replace it, best first. */
  instead(isOffered: (type: string) => boolean): readonly string[];
}

export interface ExistingMachines {
  readonly type: string;
  readonly zones: readonly string[];
  readonly count: number;
  /**
   * For a warning: what happens to the machines if the size is no longer available. @default the size is refused, because the machines are deleted before others are created
   * @param where `""`, or zones, such as `" in zones 2, 3"`
   */
  stay?(where: string): string;
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
 * Refuses a size that isn't available to the subscription in the region and its zones, that can't be used, or that exceeds the quota. Only warns about machines
 * that stay where they are, and if Azure doesn't answer.
 *
 * @returns Azure's description of the size, if Azure lists it
 */
export async function findSize(question: Question, need: SizeNeed): Promise<Sku | undefined> {
  const { region, subscription, lookUp, options } = question;
  const { path, type, existing } = need;
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
  const sku = skus.find(({ name }) => sameIgnoringCase(name, type));
  // The size's name must be exact, because limits and architecture are derived from it. Existing machines keep their spelling, because another one would replace them.
  if (sku && sku.name !== type && existing?.type !== type)
    return lookUp.refuse(path, `write ${type} as Azure does: ${sku.name}`);
  const problem = offerProblem(sku, skus, need, question);
  if (problem) tell(question, need, problem);
  judgeDisk(question, need, all);
  if (sku && !problem && usages) judgeQuota(question, need, { sku, skus, usages });
  return sku;
}

interface OfferProblem {
  readonly path: string;
  readonly what: string;
  /** The argument for {@link ExistingMachines.stay}. */
  readonly where: string;
  readonly wayOut: string;
}

function tell(
  { lookUp }: Question,
  { type, zones, existing }: SizeNeed,
  { path, what, where, wayOut }: OfferProblem,
): void {
  const isThere =
    existing !== undefined &&
    sameIgnoringCase(existing.type, type) &&
    zones.every((zone) => existing.zones.includes(zone));
  if (isThere && existing.stay) lookUp.warn(path, `${what}: ${existing.stay(where)}`);
  else lookUp.refuse(path, `${what}: ${wayOut}`);
}

function offerProblem(
  sku: Sku | undefined,
  skus: readonly Sku[],
  need: SizeNeed,
  question: Question,
): OfferProblem | undefined {
  const region = question.region.name;
  const { path, zonesPath, type, zones, existing } = need;
  const another = () => setAnother(skus, need, region);
  if (!sku) {
    const near = machineNear("azure", type);
    const wayOut = near ? `did you mean "${near}"?` : another();
    return { path, what: `${region} has no ${type}`, where: "", wayOut };
  }
  const restriction = restrictionOf(sku, region);
  if (restriction) {
    const what = `${type} isn't available to the subscription in ${region} (${restriction.reasonCode})`;
    return { path, what, where: "", wayOut: `${another()}, or ask Azure for it, ${skuHelp}` };
  }
  const shortcoming = need.shortcoming?.(sku) ?? encryptionShortcoming(question, sku);
  if (shortcoming !== undefined)
    return { path, what: `${type} ${shortcoming}`, where: "", wayOut: another() };
  const offered = zonesOfSku(sku, region);
  const missing = zones.filter((zone) => !offered.includes(zone));
  if (missing.length === 0) return undefined;
  const kept = zones.filter((zone) => offered.includes(zone));
  const instead = kept.length > 0 ? kept : offered.slice(0, 1);
  // Existing machines have a disk, which can't move to another zone.
  const isMovable = existing === undefined && instead.length > 0;
  const other = isMovable ? `set \`${need.writtenZones(instead)}\`, or ` : "";
  const only = offered.length > 0 ? `only in ${zonesText(offered)} of` : "in no zone of";
  const where = ` in ${zonesText(missing)}`;
  const what = `${type} is available to the subscription ${only} ${region}, not${where}`;
  return { path: zonesPath, what, where, wayOut: `${other}${another()}` };
}

/** Some older sizes don't support encryption at host: https://learn.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal#supported-vm-sizes */
function encryptionShortcoming({ plan: { governance } }: Question, sku: Sku): string | undefined {
  return governance?.encryptionAtHost && lacks(sku, "EncryptionAtHostSupported")
    ? "doesn't support encryption at host, which `governance.encryptionAtHost` needs"
    : undefined;
}

/** Premium SSD v2 isn't available in every zone: https://learn.microsoft.com/azure/virtual-machines/disks-deploy-premium-v2 */
function judgeDisk({ region, lookUp }: Question, need: SizeNeed, all: readonly Sku[]): void {
  const { zonesPath, zones, newDisk } = need;
  const disk = all.find(({ resourceType, name }) => resourceType === "disks" && name === newDisk);
  const offered = disk ? zonesOfSku(disk, region.name) : [];
  if (offered.length === 0 || zones.every((zone) => offered.includes(zone))) return;
  const message = `${newDisk} disks are available only in ${zonesText(offered)} of ${region.name}: set \`${need.writtenZones(offered.slice(0, 1))}\``;
  lookUp.refuse(zonesPath, message);
}

/** Suggests other sizes that are available in all the zones. */
function setAnother(skus: readonly Sku[], { path, zones, instead }: SizeNeed, region: string): string {
  const isOffered = (type: string) => {
    const sku = skus.find(({ name }) => sameIgnoringCase(name, type));
    if (!sku || restrictionOf(sku, region)) return false;
    const offered = zonesOfSku(sku, region);
    return zones.every((zone) => offered.includes(zone));
  };
  const others = instead(isOffered).slice(0, 3).join(" or ") || "another size";
  return `set \`${path}\` to ${others}`;
}

/** Azure has a vCPU quota per family, and one for all families together. */
function judgeQuota(
  { region, lookUp }: Question,
  need: SizeNeed,
  { sku, skus, usages }: { sku: Sku; skus: readonly Sku[]; usages: readonly Usage[] },
): void {
  const { path, type, max, surge, existing } = need;
  const each = vCpusOf(sku);
  if (each === undefined) return;
  const own = existing && skus.find(({ name }) => sameIgnoringCase(name, existing.type));
  for (const quota of [sku.family, "cores"]) {
    const usage = usages.find(({ name }) => sameIgnoringCase(name.value, quota));
    // A negative limit means no limit.
    if (!usage || usage.limit < 0) continue;
    const isCounted = own !== undefined && (quota === "cores" || sameIgnoringCase(own.family, quota));
    const counted = isCounted ? (vCpusOf(own) ?? 0) * (existing?.count ?? 0) : 0;
    const left = usage.limit - usage.currentValue + counted;
    const room =
      counted > usage.limit
        ? `has a limit of ${usage.limit} vCPUs, of which this region already uses ${counted}`
        : `leaves ${left} of ${usage.limit} vCPUs to this region`;
    const says = (count: number) =>
      `the quota ${usage.name.localizedValue} of ${region.name} ${room}, and ${count} of ${type} ${count === 1 ? "needs" : "need"} ${count * each}` +
      `${surge > 0 ? " (one of them during upgrades)" : ""}: ask for a larger quota, ${quotaHelp}`;
    if (required(need) * each > left) lookUp.refuse(path, says(required(need)));
    else if ((max + surge) * each > left) lookUp.warn(path, says(max + surge));
  }
}

/** Number of new machines without which the region can't be created or changed. Zero if the existing machines are enough. */
function required({ type, min, surge, existing }: SizeNeed): number {
  const isEnough = existing?.stay && sameIgnoringCase(existing.type, type) && min <= existing.count;
  return isEnough ? 0 : min + surge;
}

function zonesText(zones: readonly string[]): string {
  return `${zones.length === 1 ? "zone" : "zones"} ${zones.join(", ")}`;
}

/** Azure's description of a size for the subscription: https://learn.microsoft.com/rest/api/compute/resource-skus/list */
export interface Sku {
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

/** The restriction that blocks the size in the whole region, if any. */
function restrictionOf({ restrictions }: Sku, region: string) {
  return restrictions.find(
    ({ type, restrictionInfo }) =>
      type === "Location" &&
      (restrictionInfo?.locations ?? [region]).some((it) => sameIgnoringCase(it, region)),
  );
}

/** Zones in which the subscription can use the size. Each subscription numbers the zones in its own way. */
function zonesOfSku({ locationInfo, restrictions }: Sku, region: string): string[] {
  const zones = locationInfo.find(({ location }) => sameIgnoringCase(location, region))?.zones ?? [];
  const restricted = restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
  return zones.filter((zone) => !restricted.includes(zone)).toSorted();
}

/** @returns undefined if Azure doesn't list the capability */
export function capabilityOf({ capabilities }: Sku, wanted: string): string | undefined {
  return capabilities.find(({ name }) => name === wanted)?.value;
}

/** Whether Azure says that the size doesn't have the capability. */
export function lacks(sku: Sku, capability: string): boolean {
  return sameIgnoringCase(capabilityOf(sku, capability) ?? "", "false");
}

/** @returns undefined if Azure doesn't list the number */
export function vCpusOf(sku: Sku): number | undefined {
  const vCpus = capabilityOf(sku, "vCPUs");
  return vCpus === undefined ? undefined : Number(vCpus);
}

/** @returns infinity if Azure doesn't list it */
export function memoryGiBOf(sku: Sku): number {
  return Number(capabilityOf(sku, "MemoryGB") ?? Infinity);
}

/** Azure's names of architectures. */
export const processors: Readonly<Record<Architecture, string>> = { arm64: "Arm64", amd64: "x64" };
