/** `npm run cost -- --focus`: what was billed, beside the estimate. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { costProject, stackFiles } from "../support/cost-project.ts";
import { scope } from "../support/scope.ts";

const columns = ["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "RegionId", "Tags"];

interface Charge {
  readonly cost: string;
  readonly currency?: string;
  readonly day: number;
  readonly region?: string;
  readonly tags?: Record<string, string>;
}

/** An export, a charge for each day. */
function focus(charges: readonly Charge[], names: readonly string[] = columns): string {
  const rows = charges.map(({ cost, currency = "USD", day, region = "", tags }) => {
    const date = (day: number) => `2026-11-${String(day).padStart(2, "0")}T00:00:00Z`;
    return [cost, currency, date(day), date(day + 1), region, tags ? JSON.stringify(tags) : ""];
  });
  // A byte order mark, and quotes around all, as Azure writes them.
  const text = [names, ...rows].map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  return `\uFEFF${text.join("\r\n")}\r\n`;
}

const tags = (stack: string, prefix = "") => ({
  [`${prefix}project`]: "registry-cache",
  [`${prefix}stack`]: stack,
});

test("what was billed stands beside the estimate, by the tags of the stack", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  await project.setStack("azure", stackFiles.azure);
  const file = join(project.directory, "focus.csv");
  await writeFile(
    file,
    focus([
      { cost: "2.5", day: 1, region: "eu-central-1", tags: tags("aws", "user:") },
      { cost: "2.5", day: 10, region: "eu-central-1", tags: tags("aws") },
      // Without a region: of the stack's only one. A credit is negative.
      { cost: "-0.2", day: 5, tags: tags("aws") },
      { cost: "1000", day: 1, region: "eu-central-1", tags: { project: "another", stack: "aws" } },
      { cost: "1000", day: 1, region: "eu-central-1", tags: { stack: "aws" } },
      { cost: "1000", day: 1, region: "eu-central-1" },
    ]),
  );
  const { stdout, stderr, exitCode } = await project.cost("--focus", file);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  // 4.80 USD in ten days, 240 hours: × 730 / 240 = 14.60.
  const text = stdout.replaceAll(/\s+/g, " ");
  assert.match(
    text,
    /Billed over 10 days, by the tags of the stack: \$4\.80, \$14\.60 as a month \(estimated: \$100\.77, with \$0\.93 for transfer out of the registries\)\./,
  );
  assert.match(stdout, /^Region .* Billed$/m);
  assert.match(stdout, /^aws, eu-central-1 .* \$14\.60$/m);
  assert.match(stdout, /^All .* \$14\.60$/m);
  assert.match(stdout, /^- azure, westeurope: the export has no charge with the tags of its stack\.$/m);
  for (const format of ["markdown", "html"]) {
    assert.match(
      (await project.cost("--focus", file, "--format", format)).stdout,
      /\$14\.60 as a month/,
      format,
    );
  }
});

test("an export that can't be read, or isn't comparable, is a problem, and the rest is reported", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const file = join(project.directory, "focus.csv");
  const own = { day: 1, region: "eu-central-1", tags: tags("aws") };
  for (const [text, problem] of [
    [
      focus([{ ...own, cost: "1", currency: "EUR" }]),
      /--focus: row 2: is in EUR, and the estimates are in USD/,
    ],
    [focus([{ ...own, cost: "much" }]), /--focus: row 2: the column BilledCost of FOCUS is missing or wrong/],
    [
      focus([{ ...own, cost: "1" }], ["Cost", ...columns.slice(1)]),
      /--focus: row 2: the column BilledCost of FOCUS is missing or wrong/,
    ],
    ['"BilledCost","Tags"\n"1', /--focus: .*/],
  ] as const) {
    await writeFile(file, text);
    const { stdout, stderr, exitCode } = await project.cost("--focus", file);
    assert.equal(exitCode, 1);
    assert.match(stderr, problem);
    assert.match(stdout, /^aws, eu-central-1 +\$100\.77/m);
  }
  const { stderr } = await project.cost("--focus", join(project.directory, "none.csv"));
  assert.match(stderr, /--focus: ENOENT/);
});
