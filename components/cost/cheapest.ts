import type { Capacity } from "../capacity/plan.ts";
import { type Alternative, type AlternativeName, alternativesFor, premiumOnly } from "./alternatives.ts";
import type { Setting } from "./charge.ts";
import { usd } from "./line.ts";
import { uncountedTransfer } from "./upstream-transfer.ts";
import { azureBilled, isContested } from "./variant.ts";

/** The configured variant and the alternatives for the same workload. */
export interface Alternatives {
  readonly options: readonly Alternative[];
  /** The least expensive alternative that is allowed and meets throughput and availability. Absent if there is none. */
  readonly cheapest?: AlternativeName;
  /** Why it is the cheapest, in one or more sentences. */
  readonly reason: string;
}

/** @param capacity the capacity of the configured variant */
export function alternativesOf(setting: Setting, capacity: Capacity): Alternatives {
  const options = alternativesFor(setting, capacity);
  const best = cheapestOf(options);
  const questions = openQuestions(setting).map(({ billed, ...question }) => ({
    ...question,
    withIt: cheapestOf(alternativesFor(billed, capacity)),
  }));
  const turns = questions.flatMap(({ condition, key, withIt }) => {
    const what = turnedRound(best, withIt);
    return what === undefined ? [] : [`If ${condition}, ${what}; \`${key}\` says whether.`];
  });
  const isReplica = [best, ...questions.map(({ withIt }) => withIt)].some(
    (cheapest) => cheapest?.name === "ACR geo-replica",
  );
  return {
    options,
    ...(best && { cheapest: best.name }),
    reason: [
      reasonFor(best, options),
      ...turns,
      ...(isReplica ? [premiumOnly] : []),
      ...uncountedTransfer(setting.upstreams),
    ].join(" "),
  };
}

type Cheapest = ReturnType<typeof cheapestOf>;

/** The least expensive alternative that is allowed and meets throughput and availability, if any, and what it and no cache cost us and the customers: infinite if unknown. */
function cheapestOf(options: readonly Alternative[]) {
  const costOf = ({ comparableAllUSD = Number.POSITIVE_INFINITY }: Partial<Alternative>) => comparableAllUSD;
  const [best] = options
    .filter(
      ({ isAllowed, meetsThroughput, meetsAvailability }) =>
        isAllowed && meetsThroughput && meetsAvailability,
    )
    .filter((option) => Number.isFinite(costOf(option)))
    .sort((one, other) => costOf(one) - costOf(other));
  const noCacheUSD = costOf(options.find(({ name }) => name === "no cache") ?? {});
  return best && { name: best.name, costUSD: costOf(best), noCacheUSD };
}

/** Why an alternative is the cheapest, by what we and the customers pay. */
function reasonFor(best: Cheapest, options: readonly Alternative[]): string {
  if (!best) return "Nothing that has a price sustains the workload and is as available as was asked for.";
  const { name, costUSD, noCacheUSD } = best;
  const own = options.find(({ chosen }) => chosen);
  const independence =
    noCacheUSD < costUSD
      ? ` No cache costs ${usd(noCacheUSD)}: what the cache gives for the rest is independence from the upstream.`
      : "";
  if (own?.name === name) {
    return `No adequate alternative costs us and the customers less than this one, ${usd(costUSD)}.${independence}`;
  }
  const what =
    own?.comparableAllUSD === undefined
      ? `Of the adequate ways that have a price, the cheapest is ${name}: ${usd(costUSD)} of us and the customers.`
      : `The cheapest adequate alternative is ${name}: ${usd(costUSD)} of us and the customers, and this one ${usd(own.comparableAllUSD)}.`;
  return `${what}${independence}`;
}

/** The charges that may or may not be billed, each with the setting in which it is. */
function openQuestions(setting: Setting) {
  const { cloud, settings } = setting;
  const nodes = { ...settings.nodes, natGateway: "billed" } as const;
  const natGateway = {
    condition: "the nodes are behind a NAT gateway",
    key: "cost.nodes.natGateway",
    billed: { ...setting, settings: { ...settings, nodes } },
  };
  const contested = {
    condition: "Azure bills the contested charge",
    key: "cost.azureSameRegionTraffic",
    billed: azureBilled(setting),
  };
  const isNatUnknown = cloud === "aws" && settings.nodes.natGateway === "unknown";
  return [...(isNatUnknown ? [natGateway] : []), ...(isContested(setting) ? [contested] : [])];
}

/** The message if a charge changes the result of the comparison: another alternative is the cheapest, or the order of no cache and the cheapest alternative changes. */
function turnedRound(without: Cheapest, withIt: Cheapest): string | undefined {
  if (!withIt) return undefined;
  const { name, costUSD, noCacheUSD } = withIt;
  if (name !== without?.name) return `it is ${name} with ${usd(costUSD)}`;
  const isLess = noCacheUSD < costUSD;
  if (isLess === without.noCacheUSD < without.costUSD || !Number.isFinite(noCacheUSD)) return undefined;
  return `no cache costs ${isLess ? "less" : "more"} than it, ${usd(noCacheUSD)} against ${usd(costUSD)}`;
}
