/** The requirements for the size of a region's machine, and other sizes that fulfill them. */

import type { Architecture } from "../../../capacity/machine.ts";
import { candidates, machineNamed } from "../../../capacity/machines.ts";
import { planCapacity, upstreamsOf } from "../../../capacity/plan.ts";
import { sameIgnoringCase } from "../../../config/text.ts";
import { capabilityOf, lacks, processors, type Sku } from "../sizes.ts";
import type { AzureVmPlan } from "./plan.ts";
import type { PreviousMachine } from "./previous.ts";

/**
 * Why the machine can't use a size. The machine needs Premium SSD disks, accelerated networking, and images of generation 2.
 *
 * Sizes in components/capacity have all of these according to their documentation. Azure's list isn't used for them, because it was wrong about accelerated networking for some:
 * https://github.com/microsoft/lisa/pull/1752
 *
 * @returns the predicate of a sentence, or undefined if Azure doesn't say that anything is missing
 */
export function shortcomingOf(sku: Sku, architecture: Architecture): string | undefined {
  if (machineNamed("azure", sku.name)) return undefined;
  const generations = capabilityOf(sku, "HyperVGenerations") ?? "V2";
  const missing = [
    ...(lacks(sku, "PremiumIO") ? ["Premium SSD"] : []),
    ...(lacks(sku, "AcceleratedNetworkingEnabled") ? ["accelerated networking"] : []),
    ...(generations.split(",").includes("V2") ? [] : ["images of generation 2"]),
  ];
  if (missing.length > 0) return `doesn't support ${missing.join(", ")}, which the machine needs`;
  const processor = capabilityOf(sku, "CpuArchitectureType") ?? processors[architecture];
  if (sameIgnoringCase(processor, processors[architecture])) return undefined;
  return `has ${processor} processors, and the machine's image is for ${architecture}`;
}

/**
 * Whether a size that components/capacity doesn't list has Trusted Launch. Not even all sizes of generation 2 have it. If Azure doesn't answer, an existing machine of that size
 * keeps its setting, because a change would replace the machine.
 * @returns undefined for a listed size, and if nothing is known
 */
export function trustedLaunchOf(
  type: string,
  sku: Sku | undefined,
  previous: PreviousMachine | undefined,
): boolean | undefined {
  if (machineNamed("azure", type)) return undefined;
  if (sku) return !sameIgnoringCase(capabilityOf(sku, "TrustedLaunchDisabled") ?? "", "true");
  return previous?.type === type ? previous.hasTrustedLaunch : undefined;
}

/**
 * Whether the machine has Trusted Launch. All sizes in components/capacity have it, except for those with Ampere's Arm processors: D of version 5 and B of version 2, which
 * `az vm list-skus` lists with `TrustedLaunchDisabled`. https://learn.microsoft.com/azure/virtual-machines/trusted-launch#virtual-machines-sizes (2025-04-21)
 * @param found see {@link trustedLaunchOf}
 */
export function isTrusted(type: string, found: boolean | undefined): boolean {
  const isAmpere = /^Standard_(?:D\d+p[a-z]*_v5|B\d+p[a-z]*_v2)$/.test(type);
  return !isAmpere && found !== false;
}

/**
 * Sizes that can carry the region's workload, the least expensive first. If none can, the one that comes closest.
 * @param isOffered whether the subscription can use a size in the machine's zone
 */
export function machinesFor(
  { region, workload, upstreams }: AzureVmPlan,
  architecture: Architecture,
  isOffered: (type: string) => boolean,
): string[] {
  const all = candidates("azure", architecture).map(({ type }) => type);
  const unavailable = all.filter((type) => !isOffered(type));
  if (unavailable.length === all.length) return [];
  const planned = (type: string) => {
    const machine = { type, architecture };
    const request = { region: { ...region, machine }, workload, ...upstreamsOf(upstreams), unavailable };
    return planCapacity({ cloud: "azure", ...request }).plan;
  };
  const carries = (type: string) => planned(type).warnings.every(({ path }) => path !== "machine.type");
  const carrying = all.filter((type) => isOffered(type) && carries(type));
  return carrying.length > 0 ? carrying : [planned("auto").machine.type];
}
