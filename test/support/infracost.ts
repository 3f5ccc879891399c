/**
 * What Infracost's own schema asks of its JSON, version 0.2, as of 2026-05: https://github.com/infracost/infracost/blob/cffbc23da5189e8e7dbe11917028ce5c019ea772/schema/infracost.schema.json
 *
 * Each object is closed, as it is there but for `metadata` of a resource. It has all fields that the schema requires, and of the optional ones those that we write:
 * what passes here passes there. Amounts are text or null there; here, text must be a decimal number too.
 */
import { z } from "zod";

const amount = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?$/)
  .nullable();

/** Infracost's comments read totals without asking whether they are there, as its own start at zero: `calculateTotalCosts` in https://github.com/infracost/infracost/blob/cffbc23da5189e8e7dbe11917028ce5c019ea772/internal/output/output.go */
const total = amount.unwrap();

const component = z
  .strictObject({
    name: z.string(),
    unit: z.string(),
    hourlyQuantity: amount,
    monthlyQuantity: amount,
    price: amount,
    hourlyCost: amount,
    monthlyCost: amount,
    usageBased: z.boolean().optional(),
    priceNotFound: z.boolean(),
  })
  // Not in the schema: Infracost's own reports show an amount unless the flag is set.
  .refine(({ priceNotFound, price, monthlyCost }) =>
    [price, monthlyCost].every((value) => (value === null) === priceNotFound),
  );

const breakdown = z.strictObject({
  resources: z.array(
    z.strictObject({
      name: z.string(),
      metadata: z.record(z.string(), z.unknown()),
      hourlyCost: amount.optional(),
      monthlyCost: amount.optional(),
      monthlyUsageCost: amount.optional(),
      costComponents: z.array(component).optional(),
    }),
  ),
  totalHourlyCost: total,
  totalMonthlyCost: total,
  totalMonthlyUsageCost: total,
});

const summary = z.strictObject({
  totalDetectedResources: z.int().optional(),
  totalSupportedResources: z.int().optional(),
  totalUsageBasedResources: z.int().optional(),
  totalNoPriceResources: z.int().optional(),
});

export const infracost = z.strictObject({
  version: z.string(),
  metadata: z.strictObject({
    infracostCommand: z.string(),
    vcsBranch: z.string(),
    vcsCommitSha: z.string(),
    vcsCommitAuthorName: z.string(),
    vcsCommitAuthorEmail: z.string(),
    vcsCommitTimestamp: z.iso.datetime(),
    vcsCommitMessage: z.string(),
  }),
  currency: z.string(),
  projects: z.array(
    z.strictObject({
      name: z.string(),
      displayName: z.string(),
      metadata: z.strictObject({ path: z.string(), type: z.string() }),
      pastBreakdown: breakdown,
      breakdown,
      diff: breakdown,
      summary,
    }),
  ),
  totalHourlyCost: total,
  totalMonthlyCost: total,
  totalMonthlyUsageCost: total.optional(),
  pastTotalHourlyCost: total,
  pastTotalMonthlyCost: total,
  pastTotalMonthlyUsageCost: total.optional(),
  diffTotalHourlyCost: total,
  diffTotalMonthlyCost: total,
  diffTotalMonthlyUsageCost: total.optional(),
  timeGenerated: z.iso.datetime(),
  summary,
});
