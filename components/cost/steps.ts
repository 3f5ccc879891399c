import { planVariant, type Variant } from "../capacity/plan-region.ts";
import { number, texts } from "../capacity/text.ts";
import type { Workload } from "../config/schema.ts";
import { firstAbove } from "./break-even.ts";
import { costOf, type Setting } from "./charge.ts";
import { usd } from "./line.ts";
import { usageOf } from "./usage.ts";
import { chargesOf } from "./variant.ts";

/** The machine for a changed workload. */
interface OnMachine {
  readonly machine: string;
  /** What we pay, USD per month, with other regions' prices as in `range.expectedUSD`. Absent if no region has one of the prices. */
  readonly usUSD?: number;
}

/** The cost of a region if the nodes of a peak must have pulled within another time. */
export interface AtPeakMinutes extends OnMachine {
  readonly minutes: number;
  /** Whether the machine is fast enough for that. */
  readonly met: boolean;
}

/** The steps in a region's cost, where a changed workload needs the next size of machine. */
export interface Steps {
  readonly atPeakMinutes: readonly AtPeakMinutes[];
  /** The number of nodes, up to twice the current one, that needs another machine. Absent if there is none, or if the configuration names a machine. */
  readonly nextNodes?: OnMachine & { readonly nodes: number };
  /** The steps in words, one sentence each. Empty if nothing changes. */
  readonly sentences: readonly string[];
}

const minutesAsked = [5, 10, 30];

/** Plans and prices the region for other peaks and for more nodes, to find the steps in its cost. */
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

/** The smallest number of nodes above `nodes` that needs another machine, up to twice as many. Undefined if there is none. */
function nextNodes(nodes: number, machineAt: (nodes: number) => string): number | undefined {
  const own = machineAt(nodes);
  const most = Math.max(nodes + 1, 2 * nodes);
  if (machineAt(most) === own) return undefined;
  return firstAbove(nodes, most, (count) => machineAt(count) !== own);
}

/** @param isFree whether the plan may choose any machine. Otherwise, the configuration names one */
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
