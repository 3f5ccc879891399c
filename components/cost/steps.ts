import { planVariant, type Variant } from "../capacity/plan-region.ts";
import { number } from "../capacity/text.ts";
import type { Workload } from "../config/schema.ts";
import { costOf, type Place } from "./charge.ts";
import { usd } from "./line.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { usageOf } from "./usage.ts";
import { chargesOf, type Setting } from "./variant.ts";

/** What a region costs if the nodes of a peak must have pulled within other times. */
export interface AtPeakMinutes {
  readonly minutes: number;
  /** What we pay, USD a month, with prices of other regions as in `range.expectedUSD`. Absent where no region has a price. */
  readonly usUSD?: number;
  readonly machine: string;
  /** Whether the machine sustains that. */
  readonly met: boolean;
}

/** Steps of what a region costs, as its machine is of one size or the next. */
export interface Steps {
  readonly atPeakMinutes: readonly AtPeakMinutes[];
  /** The number of nodes from which on another machine is needed, up to twice as many as there are. Absent where none is, or the configuration names one. */
  readonly nextNodes?: { readonly nodes: number; readonly machine: string; readonly usUSD?: number };
  /** The same in words, a sentence each. Empty where nothing changes. */
  readonly sentences: readonly string[];
}

const minutesAsked = [5, 10, 30];

export function stepsOf(variant: Variant, setting: Setting, place: Place, book: PriceBook): Steps {
  const at = (change: Partial<Workload>) => {
    const own = { ...setting, workload: { ...setting.workload, ...change } };
    const { plan } = planVariant(variant, own);
    const usUSD = () => {
      const cost = costOf(chargesOf(variant, plan, own, usageOf(own.workload)), ["us"], place, book);
      return cost === undefined ? {} : { usUSD: cost };
    };
    return {
      machine: plan.machine.type,
      met: plan.limits.every((one) => one.required <= one.available),
      usUSD,
    };
  };
  const atPeakMinutes = minutesAsked.map((minutes): AtPeakMinutes => {
    const { machine, met, usUSD } = at({ peakMinutes: minutes });
    return { minutes, machine, met, ...usUSD() };
  });
  const next = nextNodes(setting.workload.nodes, (nodes) => at({ nodes }).machine);
  const beyond = next === undefined ? undefined : at({ nodes: next });
  const step = beyond && next !== undefined && { nodes: next, machine: beyond.machine, ...beyond.usUSD() };
  return {
    atPeakMinutes,
    ...(step && { nextNodes: step }),
    sentences: [
      ...peakSentence(atPeakMinutes, setting.workload, variant.machine.type === "auto"),
      ...(step
        ? [
            `From ${number(step.nodes)} nodes on, it takes ${step.machine}${step.usUSD === undefined ? "" : `, and we pay ${usd(step.usUSD)}`}.`,
          ]
        : []),
    ],
  };
}

/** The least number of nodes above `nodes` with another machine, if there is one up to twice as many. */
function nextNodes(nodes: number, machineAt: (nodes: number) => string): number | undefined {
  const own = machineAt(nodes);
  let [same, other] = [nodes, Math.max(nodes + 1, 2 * nodes)];
  if (machineAt(other) === own) return undefined;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (machineAt(middle) === own) same = middle;
    else other = middle;
  }
  return other;
}

/** @param isFree whether any machine may be taken. Otherwise the configuration names one. */
function peakSentence(all: readonly AtPeakMinutes[], { peakMinutes }: Workload, isFree: boolean): string[] {
  const missed = all.filter(({ met }) => !met);
  const tooSlow =
    missed.length === 0
      ? []
      : [
          `${isFree ? "No machine lets" : `${missed[0]?.machine} doesn't let`} the nodes pull within ${missed.map(({ minutes }) => minutes).join(" or ")} minutes.`,
        ];
  const each = all
    .filter(({ met }) => met)
    .map(({ minutes, machine, usUSD }) => {
      const amount = usUSD === undefined ? "no price" : usd(usUSD);
      return `${amount} for ${minutes} minutes (${machine})`;
    });
  if (each.length === 0 || all.every(({ usUSD }) => usUSD === all[0]?.usUSD)) return tooSlow;
  return [
    `The nodes of a peak are to have pulled within ${peakMinutes} minutes (\`workload.peakMinutes\`); we pay ${each.join(", ")}.`,
    ...tooSlow,
  ];
}
