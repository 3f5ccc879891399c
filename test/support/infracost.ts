/**
 * Infracost's JSON as its tools read it, version 0.2, all objects closed but `metadata`:
 * https://github.com/infracost/infracost/blob/master/schema/infracost.schema.json
 */
import { z } from "zod";

const amount = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?$/)
  .nullable();

const component = z.strictObject({
  name: z.string(),
  unit: z.string(),
  hourlyQuantity: amount,
  monthlyQuantity: amount,
  price: amount,
  hourlyCost: amount,
  monthlyCost: amount,
});

const breakdown = z.strictObject({
  resources: z.array(
    z.strictObject({
      name: z.string(),
      metadata: z.record(z.string(), z.unknown()),
      hourlyCost: amount,
      monthlyCost: amount,
      costComponents: z.array(component),
    }),
  ),
  totalHourlyCost: amount,
  totalMonthlyCost: amount,
});

const summary = z.strictObject({
  totalDetectedResources: z.int(),
  totalSupportedResources: z.int(),
  totalUsageBasedResources: z.int(),
  totalNoPriceResources: z.int(),
});

export const infracost = z.strictObject({
  version: z.literal("0.2"),
  currency: z.literal("USD"),
  projects: z.array(
    z.strictObject({
      name: z.string(),
      metadata: z.strictObject({ path: z.string(), type: z.string() }),
      pastBreakdown: breakdown,
      breakdown,
      diff: breakdown,
      summary,
    }),
  ),
  totalHourlyCost: amount,
  totalMonthlyCost: amount,
  pastTotalHourlyCost: amount,
  pastTotalMonthlyCost: amount,
  diffTotalHourlyCost: amount,
  diffTotalMonthlyCost: amount,
  timeGenerated: z.iso.datetime(),
  summary,
});
