/** `npm run cost -- --focus`: the billed amounts next to the estimate. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Billed, readFocus } from "../../scripts/cost/focus.ts";
import { renderMarkdown } from "../../scripts/cost/markdown.ts";
import { renderPage } from "../../scripts/cost/page.ts";
import { span } from "../../scripts/cost/sentences.ts";
import { renderTerminal } from "../../scripts/cost/terminal.ts";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { estimateOf, estimatesOf, stackOf } from "../support/estimates.ts";
import { scope, tempDir } from "../support/scope.ts";

const columns = [
  ...["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "RegionId", "Tags"],
  ...["EffectiveCost", "ChargeCategory", "ChargeClass"],
];
/** With Azure's own columns. */
const usdColumns = [...columns, "x_BilledCostInUsd", "x_EffectiveCostInUsd"];

interface Charge {
  readonly cost: string;
  readonly currency?: string;
  readonly day: number;
  readonly region?: string;
  readonly tags?: Record<string, string>;
  /** @default the billed cost */
  readonly effective?: string;
  /** @default "Usage" */
  readonly category?: string;
  /** The first day after the charge period. @default the next day */
  readonly until?: number;
  readonly isCorrection?: boolean;
  /** For {@link usdColumns}: the billed and the effective cost. */
  readonly usd?: readonly [string, string];
}

/** An export with these charges. */
function focus(charges: readonly Charge[], names: readonly string[] = columns): string {
  const rows = charges.map((charge) => {
    const { cost, currency = "USD", day, region = "", tags, effective = cost, category = "Usage" } = charge;
    const { usd = [], until = day + 1, isCorrection = false } = charge;
    const date = (day: number) => new Date(Date.UTC(2026, 10, day)).toISOString();
    const text = tags ? JSON.stringify(tags) : "";
    const chargeClass = isCorrection ? "Correction" : "";
    return [cost, currency, date(day), date(until), region, text, effective, category, chargeClass, ...usd];
  });
  // With a byte order mark, and quotes around every cell, as Azure writes it.
  const text = [names, ...rows].map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  return `\uFEFF${text.join("\r\n")}\r\n`;
}

const tags = (stack: string, prefix = "") => ({
  [`${prefix}project`]: "registry-cache",
  [`${prefix}stack`]: stack,
});

test("shows the billed amount next to the estimate, by the stack's tags", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  await project.setStack("azure", stackFiles.azure);
  const file = join(project.directory, "focus.csv");
  await writeFile(
    file,
    focus([
      { cost: "2.5", day: 1, region: "eu-central-1", tags: tags("aws", "user:") },
      { cost: "2.5", day: 10, region: "eu-central-1", tags: tags("aws", "user_") },
      // Covered by a reservation, which is billed elsewhere.
      { cost: "0", effective: "1", day: 6, region: "eu-central-1", tags: tags("aws") },
      // Without a region, so it belongs to the stack's only one. A credit is negative.
      { cost: "-0.2", day: 5, category: "Credit", tags: tags("aws") },
      // Charges of global services belong to it, too. A charge of another region belongs to no region, and is named.
      { cost: "0.1", day: 5, region: "global", tags: tags("aws") },
      { cost: "-0.1", day: 5, region: "Global", tags: tags("aws") },
      { cost: "3", day: 5, region: "us-east-1", tags: tags("aws") },
      { cost: "4", day: 5, region: "us-east-1", tags: tags("old") },
      { cost: "1000", day: 1, region: "eu-central-1", tags: { project: "another", stack: "aws" } },
      { cost: "1000", day: 1, region: "eu-central-1", tags: { stack: "aws" } },
      { cost: "1000", day: 1, region: "eu-central-1" },
    ]),
  );
  const { stdout, stderr, exitCode } = await project.cost("--focus", file);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  // 4.80 USD in ten days, 240 hours: × 730 / 240 = 14.60; 5.80 with the reservation.
  const text = stdout.replaceAll(/\s+/g, " ");
  assert.match(
    text,
    /Billed over 10 days, by the tags of the stack: \$4\.80, \$14\.60 as a month; with the share of commitments: \$5\.80, \$17\.64 as a month \(estimated: \$185\.16, with \$0\.93 for transfer out of the registries\)\./,
  );
  assert.match(stdout, /^Region .* Billed +Effective$/m);
  assert.match(stdout, /^aws, eu-central-1 .* \$14\.60 +\$17\.64$/m);
  assert.match(stdout, /^All .* \$14\.60 \(1 of 2\) +\$17\.64 \(1 of 2\)$/m);
  assert.match(stdout, /^- azure, westeurope: the export has no usage with the tags of its stack\.$/m);
  assert.match(stdout, /^- aws: \$3\.00 of the export, in us-east-1, count for no region of the report\.$/m);
  assert.match(stdout, /^- old: \$4\.00 of the export, in us-east-1, count for no region of the report\.$/m);
  const review = await project.review({ focus: [file] });
  assert.equal(renderTerminal(review), `${stdout}\n`);
  for (const render of [renderMarkdown, renderPage]) assert.match(render(review), /\$14\.60 as a month/);
});

/** The table and the problems of a report on the stacks and these exports. */
async function reported(project: CostProject, ...focus: string[]) {
  const review = await project.review({ focus });
  const problems = review.problems.map(({ path, message }) => `${path}: ${message}`);
  return { table: renderTerminal(review), problems };
}

test("reports an unreadable or incomparable export as a problem, and reports the rest", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const file = join(project.directory, "focus.csv");
  const own = { day: 1, region: "eu-central-1", tags: tags("aws") };
  for (const [text, problem] of [
    [
      focus([{ ...own, cost: "1", currency: "EUR" }]),
      /--focus: \S+focus\.csv: row 2: is in EUR, and the estimates are in USD: export the columns x_BilledCostInUsd and x_EffectiveCostInUsd, too/,
    ],
    [focus([{ ...own, cost: "" }]), /row 2: the column BilledCost isn't as in FOCUS/],
    [
      focus([{ ...own, cost: "1", currency: "EUR", usd: ["1.1", ""] }], usdColumns),
      /row 2: is in EUR, and the estimates are in USD/,
    ],
    [
      focus([{ ...own, cost: "much" }]),
      /--focus: \S+focus\.csv: row 2: the column BilledCost isn't as in FOCUS/,
    ],
    [
      focus([{ ...own, cost: "1" }], ["Cost", ...columns.slice(1)]),
      /--focus: \S+focus\.csv: isn't FOCUS: it lacks the column BilledCost$/m,
    ],
    ["a,b\n", /--focus: \S+focus\.csv: isn't FOCUS: it lacks the columns BilledCost, EffectiveCost, /],
    ["", /--focus: the export has no rows/],
    [focus([]), /--focus: the export has no rows/],
    [`${columns}\n"1`, /--focus: \S+focus\.csv: .*/],
    [
      focus([{ ...own, cost: "1", until: own.day }]),
      /--focus: \S+focus\.csv: row 2: its charge period doesn't end after its start/,
    ],
    [
      focus([{ ...own, cost: "1", tags: { stack: "aws" } }]),
      /--focus: no charge has the tags `project` and `stack`: /,
    ],
    ["PAR1\u0015\u0004PAR1", /--focus: \S+focus\.csv: parquet /],
  ] as const) {
    await writeFile(file, text);
    const { table, problems } = await reported(project, file);
    assert.match(problems.join("\n"), problem);
    assert.match(table, /^aws, eu-central-1 +\$185\.16/m);
  }
  const none = await project.cost("--focus", join(project.directory, "none.csv"));
  assert.match(none.stderr, /--focus: \S+none\.csv: ENOENT/);
  assert.equal(none.exitCode, 1);
  const twice = await reported(project, file, file);
  assert.match(
    twice.problems.join("\n"),
    /--focus: \S+focus\.csv: is given twice, so its charges would count twice/,
  );
});

/** Fifteen days, each of 6 USD, which are 182.50 USD as a month: × 730 / 360. */
const days = Array.from({ length: 15 }, (_, index) => {
  return { cost: "6", day: index + 1, region: "eu-central-1", tags: tags("aws") };
});

/** What a report of the last day says of {@link days} and another charge. */
async function billedWith(t: TestContext, charge: Omit<Charge, "tags">): Promise<Billed | undefined> {
  const directory = scope(t).use(await tempDir());
  const file = join(directory.path, "focus.csv");
  await writeFile(file, focus([...days, { ...charge, tags: tags("aws") }]));
  const config = stackOf({ provider: "aws", region: "eu-central-1" });
  const regions = estimatesOf(config).map((estimate) => ({ stack: "aws", estimate }));
  const { billed } = await readFocus([file], regions, [], "2026-11-15");
  return [...billed.values()][0];
}

test("measures the time by usage, and counts other charges by the part of their own time in it", async (t) => {
  const november = { day: 1, until: 31 };
  for (const [what, charge, monthlyUSD, otherTimesUSD] of [
    // As in September, of which a bill has come.
    ["a correction of September", { cost: "-0.5", day: -59, isCorrection: true }, 182.5, -0.5],
    ["a correction of the same time", { cost: "-0.5", day: 3, isCorrection: true }, (89.5 / 360) * 730, 0],
    ["usage of the whole month", { cost: "0.5", ...november }, (90.25 / 360) * 730, 0.25],
    ["a credit for the whole month", { cost: "-20", ...november, category: "Credit" }, (80 / 360) * 730, -10],
    [
      "a purchase for a year",
      { cost: "365", day: 1, until: 366, category: "Purchase" },
      (105 / 360) * 730,
      350,
    ],
    ["a purchase of a moment", { cost: "9", day: 2, until: 2, category: "Purchase" }, (99 / 360) * 730, 0],
  ] as const) {
    const billed = await billedWith(t, charge);
    const amounts = [billed?.hours, billed?.monthlyUSD.toFixed(4), billed?.otherTimesUSD.toFixed(4)];
    assert.deepEqual(amounts, [360, monthlyUSD.toFixed(4), otherTimesUSD.toFixed(4)], what);
  }
});

test("counts a charge without a region for no region of a stack that has several", async (t) => {
  const directory = scope(t).use(await tempDir());
  const file = join(directory.path, "focus.csv");
  await writeFile(file, focus([...days, { cost: "3", day: 5, tags: tags("aws") }]));
  const regions = ["eu-north-1", "eu-central-1"].map((region) => {
    return { stack: "aws", estimate: estimateOf({ provider: "aws", region }) };
  });
  const { billed, notes } = await readFocus([file], regions, [], "2026-11-15");
  assert.deepEqual([...billed.keys()], regions.slice(1));
  assert.deepEqual(notes, ["aws: $3.00 of the export, without a region, count for no region of the report."]);
});

test("takes the amounts in USD from Azure's export of a bill in another currency", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("azure", stackFiles.azure);
  const file = join(project.directory, "focus.csv");
  const own = { currency: "EUR", region: "westeurope", tags: tags("azure") };
  await writeFile(
    file,
    focus(
      [
        { ...own, cost: "2", day: 1, usd: ["2.2", "2.5"] },
        { ...own, cost: "2", day: 10, usd: ["2.2", "2.5"] },
      ],
      usdColumns,
    ),
  );
  const { table, problems } = await reported(project, file);
  assert.deepEqual(problems, []);
  // 4.40 USD in ten days, 240 hours: × 730 / 240 = 13.38; 15.21 with commitments.
  assert.match(table, /^azure, westeurope .* \$13\.38 +\$15\.21$/m);
});

test("reads an export of several files, and compressed ones", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const own = { cost: "2.5", region: "eu-central-1", tags: tags("aws") };
  const files = ["plain.csv", "packed.csv.gz"].map((name) => join(project.directory, name));
  const [plain = "", packed = ""] = files;
  await writeFile(plain, focus([{ ...own, day: 1 }]));
  await writeFile(packed, gzipSync(focus([{ ...own, day: 10 }])));
  const { stdout, stderr, exitCode } = await project.cost(...files.flatMap((file) => ["--focus", file]));
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.match(stdout, /Billed over 10 days, by the tags of the stack: \$5\.00, /);
});

/**
 * Written by pyarrow 26. AWS's export is compressed with Snappy, has tags as a map, and a purchase for a year. Azure's has tags as JSON in a text,
 * and costs as decimals. The charges are 5, -0.2 and 2 × 1000 USD. A third file is Azure's without a region, compressed with Zstandard.
 */
test("reads Parquet as AWS and Azure write it, and with other compression", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  for (const name of ["aws", "azure", "zstd"]) {
    const file = join(import.meta.dirname, "focus-exports", `${name}.parquet`);
    const { table, problems } = await reported(project, file);
    assert.deepEqual(problems, []);
    // 4.80 USD in ten days for the charges with both tags. The others belong to other stacks.
    assert.match(
      table,
      /Billed over 10 days, by the tags of the stack: \$4\.80, \$14\.60 as a month; /,
      name,
    );
  }
});

test("says that the bill has only the smaller part for an EKS stack without tags", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("eks", stackFiles.eks);
  const file = join(project.directory, "focus.csv");
  await writeFile(file, focus([{ cost: "1", day: 1, region: "us-east-1", tags: tags("eks") }]));
  const said =
    /The nodes and their disks, .* aren't in the bill: they have the tags of the stack only with `governance\.tags`\./;
  const text = async () => (await reported(project, file)).table.replaceAll(/\s+/g, " ");
  assert.match(await text(), said);
  const governance = "config:\n  registry-cache:governance: { tags: { owner: platform } }\n";
  await project.setStack("eks", stackFiles.eks.replace(/^config:\n/m, governance));
  assert.doesNotMatch(await text(), said);
});

test("refuses a report format without a place for billed amounts", async (t) => {
  const project = scope(t).use(await costProject());
  const { stderr, exitCode } = await project.cost("--focus", "focus.csv", "--base", "HEAD");
  assert.equal(exitCode, 2);
  assert.match(stderr, /option '--focus <file>' cannot be used with option '--base <revision>'/);
});

test("a span of time", () => {
  assert.deepEqual([1, 1.5, 24, 47.99, 48, 300].map(span), [
    "1 hour",
    "1.5 hours",
    "24 hours",
    "48 hours",
    "2 days",
    "12.5 days",
  ]);
});
