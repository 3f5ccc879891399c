import { strain, suffices } from "../../components/capacity/limits.ts";
import type { Capacity } from "../../components/capacity/plan.ts";
import { limitsOn, variantOf } from "../../components/capacity/plan-region.ts";
import { number, texts } from "../../components/capacity/text.ts";
import type { Workload } from "../../components/config/schema.ts";
import { isBilled } from "../../components/cost/estimate.ts";
import type { Estimated } from "./estimates.ts";

/** The inputs of a region's cost. */
export type Inputs = Pick<Estimated, "region" | "config" | "capacity">;

/** Why a region costs more or less than before: the changes of the workload, and the limit that determines the machine. */
export function whyOf(was: Inputs, is: Inputs): string[] {
  const [before, now] = [was.config.workload, is.config.workload];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])] as (keyof Workload)[];
  const changed = keys
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} ${before[key] ?? "by default"} → ${now[key] ?? "by default"}`);
  return texts(
    changed.length > 0 && `The workload changes: ${changed.join(", ")}.`,
    machineChange(was.capacity, is),
  );
}

function machineChange(was: Capacity | undefined, { region, config, capacity }: Inputs): string | false {
  const [before, now] = [was, capacity].map((one) => one?.plan.machine.type);
  if (!before || !now || before === now || !isBilled(region)) return false;
  const worst = (type: string) =>
    limitsOn(type, region, config).toSorted((one, other) => strain(other) - strain(one))[0];
  const tooSmall = worst(before);
  if (tooSmall && !suffices(tooSmall)) {
    const { name, available, required, unit } = tooSmall;
    return `${now} in place of ${before}, because the first limit is the ${name}: ${before} has ${number(available)} of ${number(required)} ${unit}.`;
  }
  if (variantOf(region).machine.type !== "auto") return `The configuration names ${now}.`;
  const tightest = worst(now);
  return `${now} is enough${tightest ? `: its tightest limit is the ${tightest.name}, ${number(tightest.required)} of ${number(tightest.available)} ${tightest.unit}` : ""}.`;
}
