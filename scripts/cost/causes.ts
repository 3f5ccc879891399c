import { strain, suffices } from "../../components/capacity/limits.ts";
import type { MachineType } from "../../components/capacity/machine.ts";
import { type CloudRegion, limitsOn, variantOf } from "../../components/capacity/plan-region.ts";
import { number } from "../../components/capacity/text.ts";
import type { Upstream, Workload } from "../../components/config/schema.ts";

/** What a region's cost follows from. */
export interface Inputs {
  readonly workload: Workload;
  readonly upstreams: readonly Upstream[];
  /** In a cloud, with the machine that is planned. */
  readonly planned?: { readonly region: CloudRegion; readonly machine: MachineType };
}

/** Why a region costs more or less than it did: what of the workload changed, and the limit that decides about the machine. */
export function whyOf(was: Inputs, is: Inputs): string[] {
  return [...workloadChange(was.workload, is.workload), ...machineChange(was, is)];
}

function workloadChange(was: Workload, is: Workload): string[] {
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])] as (keyof Workload)[];
  const changed = keys
    .filter((key) => was[key] !== is[key])
    .map((key) => `${key} ${was[key] ?? "by default"} → ${is[key] ?? "by default"}`);
  return changed.length > 0 ? [`The workload changes: ${changed.join(", ")}.`] : [];
}

function machineChange(was: Inputs, is: Inputs): string[] {
  if (!was.planned || !is.planned) return [];
  const { region, machine } = is.planned;
  const before = was.planned.machine.type;
  if (before === machine.type) return [];
  const worst = (type: string) =>
    limitsOn(type, region, is).toSorted((one, other) => strain(other) - strain(one))[0];
  const tooSmall = worst(before);
  if (tooSmall && !suffices(tooSmall)) {
    const { name, available, required, unit } = tooSmall;
    return [
      `${machine.type} in place of ${before}, because the ${name} binds: ${before} has ${number(available)} of ${number(required)} ${unit}.`,
    ];
  }
  if (variantOf(region).machine.type !== "auto") return [`The configuration names ${machine.type}.`];
  const tightest = worst(machine.type);
  return [
    `${machine.type} is enough${tightest ? `: its tightest limit is the ${tightest.name}, ${number(tightest.required)} of ${number(tightest.available)} ${tightest.unit}` : ""}.`,
  ];
}
