import { strain, suffices } from "../../components/capacity/limits.ts";
import { limitsOn, variantOf } from "../../components/capacity/plan-region.ts";
import { number } from "../../components/capacity/text.ts";
import type { Workload } from "../../components/config/schema.ts";
import { isBilled } from "../../components/cost/estimate.ts";
import type { Estimated } from "./estimates.ts";

/** What a region's cost follows from. */
export type Inputs = Pick<Estimated, "region" | "config" | "capacity">;

/** Why a region costs more or less than it did: what of the workload changed, and the limit that decides about the machine. */
export function whyOf(was: Inputs, is: Inputs): string[] {
  return [...workloadChange(was.config.workload, is.config.workload), ...machineChange(was, is)];
}

function workloadChange(was: Workload, is: Workload): string[] {
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])] as (keyof Workload)[];
  const changed = keys
    .filter((key) => was[key] !== is[key])
    .map((key) => `${key} ${was[key] ?? "by default"} → ${is[key] ?? "by default"}`);
  return changed.length > 0 ? [`The workload changes: ${changed.join(", ")}.`] : [];
}

function machineChange(was: Inputs, { region, config, capacity }: Inputs): string[] {
  const [before, now] = [was.capacity, capacity].map((one) => one?.plan.machine.type);
  if (!before || !now || before === now || !isBilled(region)) return [];
  const worst = (type: string) =>
    limitsOn(type, region, config).toSorted((one, other) => strain(other) - strain(one))[0];
  const tooSmall = worst(before);
  if (tooSmall && !suffices(tooSmall)) {
    const { name, available, required, unit } = tooSmall;
    return [
      `${now} in place of ${before}, because the ${name} binds: ${before} has ${number(available)} of ${number(required)} ${unit}.`,
    ];
  }
  if (variantOf(region).machine.type !== "auto") return [`The configuration names ${now}.`];
  const tightest = worst(now);
  return [
    `${now} is enough${tightest ? `: its tightest limit is the ${tightest.name}, ${number(tightest.required)} of ${number(tightest.available)} ${tightest.unit}` : ""}.`,
  ];
}
