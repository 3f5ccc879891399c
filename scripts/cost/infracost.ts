import { hoursPerMonth } from "../../components/capacity/demand.ts";
import { notFound } from "../../components/cost/line.ts";
import { pairsOf } from "./changes.ts";
import type { Commit } from "./commit.ts";
import type { RegionReview, Review } from "./review.ts";

/** A cost component of Infracost, in numbers; null where there is no price. */
interface Component {
  readonly name: string;
  readonly unit: string;
  readonly usageBased: boolean;
  readonly quantity: number;
  readonly price: number | null;
  readonly cost: number | null;
}

interface Resource {
  readonly name: string;
  readonly metadata: object;
  readonly components: readonly Component[];
}

/** Where and when a report is made. */
export interface ReportContext {
  /** ISO 8601. */
  readonly at: string;
  readonly commit?: Commit | undefined;
}

/**
 * The report in Infracost's JSON, version 0.2: https://github.com/infracost/infracost/blob/master/schema/infracost.schema.json
 *
 * A stack is a project, a region a resource of it, and a line that we pay a cost component. What has no place in that schema (what the customers pay,
 * sources, alternatives, contested charges, measured usage) is in the resource's `metadata`, as in the output `cost`. Amounts are decimal text, and null where
 * no price is known.
 */
export function renderInfracost(review: Review, context: ReportContext): string {
  const { regions, removed, base, unread } = review;
  const past = [...regions.flatMap(({ stack, past }) => (past ? { stack, estimate: past } : [])), ...removed];
  const stacks = [...new Set([...regions, ...removed].map(({ stack }) => stack))].sort();
  const of = (stack: string, all: readonly Pick<RegionReview, "stack" | "estimate" | "measured">[]) =>
    all.filter((region) => region.stack === stack).map(resourceOf);
  const projects = stacks.map((stack) => {
    const [before, now] = [of(stack, past), of(stack, regions)];
    // A past that can't be read isn't one of nothing.
    return { stack, before, now, changed: unread.base.includes(stack) ? [] : difference(before, now) };
  });
  const all = (which: "before" | "now" | "changed") => projects.flatMap((project) => project[which]);
  const document = {
    version: "0.2",
    metadata: metadataOf(context.commit, base === undefined ? "breakdown" : "diff"),
    currency: "USD",
    projects: projects.map(({ stack, before, now, changed }) => ({
      name: stack,
      displayName: stack,
      metadata: { path: `stacks/Pulumi.${stack}.yaml`, type: "pulumi" },
      pastBreakdown: breakdown(before),
      breakdown: breakdown(now),
      diff: breakdown(changed),
      summary: summary(regions.filter((region) => region.stack === stack)),
    })),
    ...totals("total", all("now")),
    ...totals("pastTotal", all("before")),
    ...totals("diffTotal", all("changed")),
    timeGenerated: context.at,
    summary: summary(regions),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Without a commit as Infracost writes it outside of a repository: empty, with Go's zero time. */
function metadataOf(commit: Commit | undefined, infracostCommand: "breakdown" | "diff") {
  return {
    infracostCommand,
    vcsBranch: commit?.branch ?? "",
    vcsCommitSha: commit?.sha ?? "",
    vcsCommitAuthorName: commit?.authorName ?? "",
    vcsCommitAuthorEmail: commit?.authorEmail ?? "",
    vcsCommitTimestamp: commit?.time ?? "0001-01-01T00:00:00Z",
    vcsCommitMessage: commit?.message ?? "",
  };
}

function resourceOf({ estimate, measured }: Pick<RegionReview, "estimate" | "measured">): Resource {
  const ours = estimate.lines.filter(({ paidBy }) => paidBy === "us");
  return {
    name: estimate.region,
    metadata: { estimate, ...(measured && { measured }) },
    components: ours.map(({ name, unit, basis, monthlyQuantity, price, monthlyCost }) => ({
      name,
      unit,
      usageBased: basis === "usage",
      quantity: monthlyQuantity,
      price: price === notFound ? null : price,
      cost: monthlyCost === notFound ? null : monthlyCost,
    })),
  };
}

/** What has changed, as resources with the differences of all numbers. */
function difference(past: readonly Resource[], present: readonly Resource[]): Resource[] {
  return pairsOf(past, present).flatMap(({ name, was, is }) => {
    const components = pairsOf(was?.components, is?.components)
      .filter(
        ({ was, is }) => was?.quantity !== is?.quantity || was?.price !== is?.price || was?.cost !== is?.cost,
      )
      .map(({ name, was, is }) => ({
        name,
        unit: (is ?? was)?.unit ?? "",
        usageBased: (is ?? was)?.usageBased ?? false,
        quantity: (is?.quantity ?? 0) - (was?.quantity ?? 0),
        price: minus(is?.price, was?.price),
        cost: minus(is?.cost, was?.cost),
      }));
    return components.length > 0 ? [{ name, metadata: {}, components }] : [];
  });
}

/** What isn't there is nothing; what has no price makes the difference unknown too. */
function minus(is: number | null = 0, was: number | null = 0): number | null {
  return is === null || was === null ? null : is - was;
}

function breakdown(resources: readonly Resource[]) {
  return {
    resources: resources.map(({ name, metadata, components }) => ({
      name,
      metadata,
      hourlyCost: hourly(costOf(components)),
      monthlyCost: decimal(costOf(components)),
      monthlyUsageCost: decimal(costOf(components.filter(({ usageBased }) => usageBased))),
      costComponents: components.map(({ name, unit, usageBased, quantity, price, cost }) => ({
        name,
        unit,
        hourlyQuantity: hourly(quantity),
        monthlyQuantity: decimal(quantity),
        price: decimal(price),
        hourlyCost: hourly(cost),
        monthlyCost: decimal(cost),
        usageBased,
        priceNotFound: price === null,
      })),
    })),
    ...totals("total", resources),
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

/** As Infracost adds up: what has no price isn't in a sum, and where nothing has one, there is none. */
function costOf(components: readonly Component[]): number | null {
  const costs = components.flatMap(({ cost }) => cost ?? []);
  return components.length > 0 && costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0);
}

/**
 * Such as `totalHourlyCost`, `totalMonthlyCost` and `totalMonthlyUsageCost`. Never null, unlike those of a resource: Infracost's start at zero, and its comments
 * read them without a check. See `calculateTotalCosts` in https://github.com/infracost/infracost/blob/cffbc23da5189e8e7dbe11917028ce5c019ea772/internal/output/output.go
 */
function totals(prefix: "total" | "pastTotal" | "diffTotal", resources: readonly Resource[]) {
  const components = resources.flatMap(({ components }) => components);
  return {
    [`${prefix}HourlyCost`]: hourly(costOf(components) ?? 0),
    [`${prefix}MonthlyCost`]: decimal(costOf(components) ?? 0),
    [`${prefix}MonthlyUsageCost`]: decimal(costOf(components.filter(({ usageBased }) => usageBased)) ?? 0),
  };
}

function hourly(monthly: number | null): string | null {
  return decimal(monthly === null ? null : monthly / hoursPerMonth);
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
