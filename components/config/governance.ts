/** What the owners of accounts and subscriptions ask of all that a stack makes there: docs/governance.md. */
import { z } from "zod";
import { entriesOf, valueAt } from "./as-written.ts";
import type { Problem } from "./problems.ts";
import { awsTags, azureTags, zoneTagProblem } from "./tags.ts";
import { matching } from "./text.ts";

const tagsMeaning = "Tags of everything that the stack makes, beside its own, by their names. Default: none.";

export const awsGovernance = z.strictObject({
  tags: awsTags.default({}).describe(tagsMeaning),
  allowedAccountIds: z
    .array(matching(/^\d{12}$/, 'the id of an AWS account: 12 digits, in quotes, like "111122223333"'))
    .min(1)
    .exactOptional()
    .describe(
      "Ids of AWS accounts, so that the stack can't end up in another one. Default: that of the credentials, whichever it is.",
    ),
  permissionsBoundary: matching(
    /^arn:aws:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/,
    "the ARN of an IAM policy, like arn:aws:iam::111122223333:policy/boundary",
  )
    .exactOptional()
    .describe("ARN of the permissions boundary of every role that the stack makes. Default: none."),
  iamPath: matching(
    /^(?=.{1,512}$)\/(?:[\w+=,.@-]+\/)*$/,
    "a path of IAM, which begins and ends with a slash, like /platform/",
  )
    .exactOptional()
    .describe(
      "IAM path of every role and instance profile that the stack makes. It can't change. Default: `/`.",
    ),
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
  return raw.provider === "azure" ? zoneTagProblems(raw) : boundaryProblems(raw);
}

/** A boundary is a policy of the account in which the role is, or one of AWS. */
function boundaryProblems(raw: Record<string, unknown>): Problem[] {
  const boundary = valueAt(["governance", "permissionsBoundary"], raw);
  const allowed = entriesOf(valueAt(["governance", "allowedAccountIds"], raw));
  const owner = typeof boundary === "string" ? boundary.split(":")[4] : undefined;
  if (owner === undefined || owner === "aws" || allowed.length === 0 || allowed.includes(owner)) return [];
  const message = `is a policy of the account ${owner}, which isn't in \`allowedAccountIds\``;
  return [{ path: "governance.permissionsBoundary", message }];
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
