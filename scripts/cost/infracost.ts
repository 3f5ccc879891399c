import { notFound } from "../../components/cost/line.ts";
import type { RegionReview, Review } from "./review.ts";

const hoursPerMonth = 730;

/** A cost component of Infracost, in numbers; null where there is no price. */
interface Component {
  readonly name: string;
  readonly unit: string;
  readonly quantity: number;
  readonly price: number | null;
  readonly cost: number | null;
}

interface Resource {
  readonly name: string;
  readonly metadata: object;
  readonly components: readonly Component[];
}

/**
 * The report in Infracost's JSON, version 0.2: https://github.com/infracost/infracost/blob/master/schema/infracost.schema.json
 *
 * A stack is a project, a region a resource of it, and a line that we pay a cost component. What has no place in that schema (what the customers pay,
 * sources, alternatives, measured usage) is in the resource's `metadata`, as in the output `cost`. Amounts are decimal text.
 * @param timeGenerated ISO 8601
 */
export function renderInfracost(review: Review, timeGenerated: string): string {
  const { regions, removed } = review;
  const past = [...regions.flatMap(({ stack, past }) => (past ? { stack, estimate: past } : [])), ...removed];
  const stacks = [...new Set([...regions, ...removed].map(({ stack }) => stack))].sort();
  const of = (stack: string, all: readonly Pick<RegionReview, "stack" | "estimate" | "measured">[]) =>
    all.filter((region) => region.stack === stack).map(resourceOf);
  const [now, before] = [regions, past].map((all) => totalOf(all.map(resourceOf))) as [number, number];
  const document = {
    version: "0.2",
    currency: "USD",
    projects: stacks.map((stack) => ({
      name: stack,
      metadata: { path: `stacks/Pulumi.${stack}.yaml`, type: "pulumi" },
      pastBreakdown: breakdown(of(stack, past)),
      breakdown: breakdown(of(stack, regions)),
      diff: breakdown(difference(of(stack, past), of(stack, regions))),
      summary: summary(regions.filter((region) => region.stack === stack)),
    })),
    ...costs("total", now),
    ...costs("pastTotal", before),
    ...costs("diffTotal", now - before),
    timeGenerated,
    summary: summary(regions),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function resourceOf({ estimate, measured }: Pick<RegionReview, "estimate" | "measured">): Resource {
  const ours = estimate.lines.filter(({ paidBy }) => paidBy === "us");
  return {
    name: estimate.region,
    metadata: { estimate, ...(measured && { measured }) },
    components: ours.map(({ name, unit, monthlyQuantity, price, monthlyCost }) => ({
      name,
      unit,
      quantity: monthlyQuantity,
      price: price === notFound ? null : price,
      cost: monthlyCost === notFound ? null : monthlyCost,
    })),
  };
}

/** What has changed, as resources with the differences of all numbers. */
function difference(past: readonly Resource[], present: readonly Resource[]): Resource[] {
  return pairs(past, present).flatMap(([before, now]) => {
    const components = pairs(before?.components ?? [], now?.components ?? []).map(([one, other]) => ({
      name: (other ?? one)?.name ?? "",
      unit: (other ?? one)?.unit ?? "",
      quantity: (other?.quantity ?? 0) - (one?.quantity ?? 0),
      price: (other?.price ?? 0) - (one?.price ?? 0),
      cost: (other?.cost ?? 0) - (one?.cost ?? 0),
    }));
    const changed = components.filter(
      ({ quantity, price, cost }) => quantity !== 0 || price !== 0 || cost !== 0,
    );
    const name = (now ?? before)?.name ?? "";
    return changed.length > 0 ? [{ name, metadata: {}, components: changed }] : [];
  });
}

/** Things of the same name side by side, in the order of the second list, then what only the first has. */
function pairs<Thing extends { readonly name: string }>(
  past: readonly Thing[],
  present: readonly Thing[],
): (readonly [Thing | undefined, Thing | undefined])[] {
  const named = (all: readonly Thing[], name: string) => all.find((thing) => thing.name === name);
  return [
    ...present.map((thing) => [named(past, thing.name), thing] as const),
    ...past.filter(({ name }) => !named(present, name)).map((thing) => [thing, undefined] as const),
  ];
}

function breakdown(resources: readonly Resource[]) {
  return {
    resources: resources.map((resource) => ({
      name: resource.name,
      metadata: resource.metadata,
      ...costs("", totalOf([resource])),
      costComponents: resource.components.map(({ name, unit, quantity, price, cost }) => ({
        name,
        unit,
        hourlyQuantity: decimal(quantity / hoursPerMonth),
        monthlyQuantity: decimal(quantity),
        price: decimal(price),
        ...costs("", cost),
      })),
    })),
    ...costs("total", totalOf(resources)),
  };
}

function summary(regions: readonly RegionReview[]) {
  const lacking = regions.filter(({ estimate }) => !estimate.totals.complete).length;
  return {
    totalDetectedResources: regions.length,
    totalSupportedResources: regions.length,
    totalUsageBasedResources: regions.length,
    totalNoPriceResources: lacking,
  };
}

function totalOf(resources: readonly Resource[]): number {
  return resources
    .flatMap(({ components }) => components.map(({ cost }) => cost ?? 0))
    .reduce((sum, cost) => sum + cost, 0);
}

/** Such as `totalHourlyCost` and `totalMonthlyCost`. */
function costs(prefix: "" | "total" | "pastTotal" | "diffTotal", monthly: number | null) {
  const key = (period: string) => (prefix ? `${prefix}${period}Cost` : `${period.toLowerCase()}Cost`);
  return {
    [key("Hourly")]: decimal(monthly === null ? null : monthly / hoursPerMonth),
    [key("Monthly")]: decimal(monthly),
  };
}

/** As text with up to ten decimals and no exponent. */
function decimal(value: number | null): string | null {
  return value === null
    ? null
    : value
        .toFixed(10)
        .replace(/\.?0+$/, "")
        .replace(/^-0$/, "0");
}
