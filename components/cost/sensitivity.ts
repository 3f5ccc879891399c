import type { Workload } from "../config/schema.ts";
import type { AlternativeName, Compared } from "./alternatives.ts";
import { cheapestOf } from "./cheapest.ts";

/**
 * The inputs that nobody has published figures of: what a node pulls in its life, and how much comes new in a month. The others can be counted.
 */
const uncertainInputs = ["pullsPerNodeGiB", "growthGiBPerMonth"] as const;
const factors = [0.5, 2];

/** What changes if an uncertain figure of the workload is half or double. */
export interface Sensitivity {
  readonly input: (typeof uncertainInputs)[number];
  /** As configured. */
  readonly value: number;
  readonly variants: readonly SensitivityVariant[];
}

export interface SensitivityVariant {
  readonly value: number;
  /** As {@link Compared.comparableUSD}, of the chosen one and of no cache. */
  readonly chosenUSD?: number;
  readonly noCacheUSD?: number;
  readonly cheapest?: AlternativeName;
}

/** @param optionsFor all alternatives for a workload. */
export function sensitivityOf(
  workload: Workload,
  optionsFor: (workload: Workload) => readonly Compared[],
): Sensitivity[] {
  return uncertainInputs.map((input) => ({
    input,
    value: workload[input],
    variants: factors.map((factor) => {
      const value = workload[input] * factor;
      return { value, ...outcome(optionsFor({ ...workload, [input]: value })) };
    }),
  }));
}

function outcome(options: readonly Compared[]): Omit<SensitivityVariant, "value"> {
  const chosenUSD = options.find(({ chosen }) => chosen)?.comparableUSD;
  const noCacheUSD = options.find(({ name }) => name === "no cache")?.comparableUSD;
  const { name } = cheapestOf(options);
  return {
    ...(chosenUSD !== undefined && { chosenUSD }),
    ...(noCacheUSD !== undefined && { noCacheUSD }),
    ...(name && { cheapest: name }),
  };
}
