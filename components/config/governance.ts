/** What the owners of accounts and subscriptions ask of all that a stack makes there: docs/governance.md. */
import { z } from "zod";
import { entriesOf, valueAt } from "./as-written.ts";
import type { Problem } from "./problems.ts";
import { awsTags, azureTags, zoneTagProblem } from "./tags.ts";

const tagsMeaning = "Tags of everything that the stack makes, beside its own, by their names. Default: none.";

export const awsGovernance = z.strictObject({
  tags: awsTags.default({}).describe(tagsMeaning),
});

export const azureGovernance = z.strictObject({
  tags: azureTags.default({}).describe(tagsMeaning),
});

export type AwsGovernance = z.output<typeof awsGovernance>;
export type AzureGovernance = z.output<typeof azureGovernance>;

export const governanceMeaning =
  "What the owners of the account or subscription ask for, in all regions: docs/governance.md. Default: nothing.";

/** What must hold between this block and the stack's regions. It works on the configuration as written, and expects anything. */
export function governanceProblems(raw: Record<string, unknown>): Problem[] {
  return raw.provider === "azure" ? zoneTagProblems(raw) : [];
}

/** A region whose certificate comes from a public authority has a zone of its own: ADR 6. */
function zoneTagProblems(raw: Record<string, unknown>): Problem[] {
  const modes = entriesOf(raw.regions).map((region) => valueAt(["endpoint", "tls", "mode"], region));
  const zone = modes.indexOf("acme");
  if (zone < 0) return [];
  const tags = Object(valueAt(["governance", "tags"], raw)) as object;
  return Object.keys(tags).flatMap((name) => {
    const message = zoneTagProblem(name);
    if (message === undefined) return [];
    const path = z.core.toDotPath(["governance", "tags", name]);
    return [
      { path, message: `${message}, and regions[${zone}] has such a zone for \`tls: { mode: acme }\`` },
    ];
  });
}
