import { planVariant, type Variant } from "../capacity/plan-region.ts";
import { number, texts } from "../capacity/text.ts";
import type { Workload } from "../config/schema.ts";
import { firstAbove } from "./break-even.ts";
import { costOf, type Setting } from "./charge.ts";
import { usd } from "./line.ts";
import { usageOf } from "./usage.ts";
import { chargesOf } from "./variant.ts";

/** A machine for another workload. */
interface OnMachine {
  readonly machine: string;
  /** What we pay, USD a month, with prices of other regions as in `range.expectedUSD`. Absent where no region has a price. */
  readonly usUSD?: number;
}

/** What a region costs if the nodes of a peak must have pulled within other times. */
export interface AtPeakMinutes extends OnMachine {
  readonly minutes: number;
  /** Whether the machine sustains that. */
  readonly met: boolean;
}

/** Steps of what a region costs, as its machine is of one size or the next. */
export interface Steps {
  readonly atPeakMinutes: readonly AtPeakMinutes[];
  /** The number of nodes from which on another machine is needed, up to twice as many as there are. Absent where none is, or the configuration names one. */
  readonly nextNodes?: OnMachine & { readonly nodes: number };
  /** The same in words, a sentence each. Empty where nothing changes. */
  readonly sentences: readonly string[];
}

const minutesAsked = [5, 10, 30];

export function stepsOf(variant: Variant, setting: Setting): Steps {
  const at = (change: Partial<Workload>) => {
    const workload = { ...setting.workload, ...change };
    const own = { ...setting, workload, usage: usageOf(workload) };
    return { own, plan: planVariant(variant, own).plan };
  };
  const costAt = ({ own, plan }: ReturnType<typeof at>): OnMachine => {
    const usUSD = costOf(chargesOf(variant, plan, own), ["us"], setting);
    return { machine: plan.machine.type, ...(usUSD !== undefined && { usUSD }) };
  };
  const atPeakMinutes = minutesAsked.map((minutes): AtPeakMinutes => {
    const planned = at({ peakMinutes: minutes });
    const { machine, ...cost } = costAt(planned);
    const met = planned.plan.limits.every((one) => one.required <= one.available);
    return { minutes, machine, met, ...cost };
  });
  const nodes = nextNodes(setting.workload.nodes, (nodes) => at({ nodes }).plan.machine.type);
  const next = nodes === undefined ? undefined : { nodes, ...costAt(at({ nodes })) };
  return {
    atPeakMinutes,
    ...(next && { nextNodes: next }),
    sentences: texts(
      ...peakSentences(atPeakMinutes, setting.workload, variant.machine.type === "auto"),
      next &&
        `From ${number(next.nodes)} nodes on, it takes ${next.machine}${next.usUSD === undefined ? "" : `, and we pay ${usd(next.usUSD)}`}.`,
    ),
  };
}

/** The least number of nodes above `nodes` with another machine, if there is one up to twice as many. */
function nextNodes(nodes: number, machineAt: (nodes: number) => string): number | undefined {
  const own = machineAt(nodes);
  const most = Math.max(nodes + 1, 2 * nodes);
  if (machineAt(most) === own) return undefined;
  return firstAbove(nodes, most, (count) => machineAt(count) !== own);
}

/** @param isFree whether any machine may be taken. Otherwise the configuration names one. */
function peakSentences(all: readonly AtPeakMinutes[], { peakMinutes }: Workload, isFree: boolean): string[] {
  const missed = all.filter(({ met }) => !met);
  const each = all
    .filter(({ met }) => met)
    .map(({ minutes, machine, usUSD }) => {
      const amount = usUSD === undefined ? "no price" : usd(usUSD);
      return `${amount} for ${minutes} minutes (${machine})`;
    });
  return texts(
    each.length > 0 &&
      all.some(({ usUSD }) => usUSD !== all[0]?.usUSD) &&
      `The nodes of a peak are to have pulled within ${peakMinutes} minutes (\`workload.peakMinutes\`); we pay ${each.join(", ")}.`,
    missed.length > 0 &&
      `${isFree ? "No machine lets" : `${missed[0]?.machine} doesn't let`} the nodes pull within ${missed.map(({ minutes }) => minutes).join(" or ")} minutes.`,
  );
}
