import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { totalsOf } from "../../components/cost/line.ts";
import { renderMarkdown } from "../../scripts/cost/markdown.ts";
import { renderPage } from "../../scripts/cost/page.ts";
import { renderTerminal } from "../../scripts/cost/terminal.ts";
import { costProject, reviewIn, stackFiles } from "../support/cost-project.ts";
import { projectDirectory } from "../support/project.ts";
import { scope } from "../support/scope.ts";

test("fits the table into a terminal, with the totals of the JSON", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws-eu-central-1", stackFiles.aws);
  await project.setStack("aws-us-east-1", stackFiles.aws.replaceAll("eu-central-1", "us-east-1"));
  await project.setStack("local", stackFiles.local);
  const [table, json] = await Promise.all([project.cost(), project.cost("--format", "json")]);
  assert.deepEqual([table.exitCode, table.stderr, json.exitCode], [0, "", 0]);
  for (const line of table.stdout.split("\n")) assert.ok(line.length <= 120, line);
  const { regions } = reviewIn(json.stdout);
  assert.deepEqual(
    regions.map(({ stack }) => stack),
    ["aws-eu-central-1", "aws-us-east-1", "local"],
  );
  const sum = regions.reduce((total, { estimate }) => total + (estimate.range?.expectedUSD ?? 0), 0);
  const all = table.stdout.split("\n").find((line) => line.startsWith("All "));
  assert.ok(all?.includes(`$${sum.toFixed(2)}`), all);
  assert.match(table.stdout, /^local +not priced *$/m);
  assert.match(table.stdout, /^local: not priced$/m);
  const { stdout } = await project.cost("local");
  assert.doesNotMatch(stdout, /\$0\.00/);
});

test("says in each report how old, how certain and from where the prices are", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const machine =
    /2025-05-28, medium confidence, ec2instances\.info: Instance \(Linux, on demand, c7g\.xlarge\)/;
  const review = await project.review();
  for (const render of [renderTerminal, renderMarkdown, renderPage]) {
    const text = render(review).replaceAll(/\s+/g, " ");
    assert.match(text, machine);
    assert.match(
      text,
      /\d+ of \d+ priced lines rest on prices that are more than 90 days old, the oldest of 2024-07-01/,
    );
  }
});

test("has the same estimates in the JSON as in the output `cost`", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const { stdout } = await project.cost("--format", "json");
  const [region] = reviewIn(stdout).regions;
  assert.ok(region);
  const { lines, totals, range } = region.estimate;
  assert.equal(region.estimate.region, "eu-central-1");
  assert.deepEqual(totalsOf(lines), totals);
  assert.ok(totals.byPayer.customer > 0 && range?.expectedUSD === totals.byPayer.us);
});

test("has in the JSON by what each stack's cost is shared out", async (t) => {
  const project = scope(t).use(await costProject());
  const own =
    "  registry-cache:governance: { tags: { cost-center: a1 } }\n  registry-cache:monitoring: { labels: { team: a } }\n";
  await project.setStack("aws", `${stackFiles.aws.trimEnd()}\n${own}`);
  await project.setStack("local", stackFiles.local);
  const { stdout } = await project.cost("--format", "json");
  assert.deepEqual(
    reviewIn(stdout).regions.map(({ stack, tags, labels }) => ({ stack, tags, labels })),
    [
      { stack: "aws", tags: { "cost-center": "a1" }, labels: { team: "a" } },
      // Those of this project's Pulumi.yaml.
      { stack: "local", tags: {}, labels: { installation: "registry-cache", pipeline: "stable" } },
    ],
  );
  const page = await readFile(join(projectDirectory, "docs", "cost.md"), "utf8");
  const [, filter = ""] = page.match(/--format json \| jq '(.+)'$/m) ?? [];
  const shares = await execa("jq", ["--compact-output", filter], { input: stdout });
  assert.match(shares.stdout, /^\{"team":null,"usd":0\}\n\{"team":"a","usd":\d+\.\d+\}$/);
});

test("prints a message for each bad input, and reports the rest", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("good", stackFiles.aws);
  await project.commit();
  await project.setStack("not-yaml", "config: [");
  await project.setStack("negative", withWorkload("nodes: -1"));
  await project.setStack("absurd", withWorkload("workingSetGiB: 1e12"));
  await project.setStack(
    "machine",
    stackFiles.aws.replace("topology: vm", "topology: vm\n      machine: { type: m7g.lage }"),
  );
  await project.setStack("nowhere", stackFiles.aws.replaceAll("eu-central-1", "xx-nowhere-1"));
  await mkdir(join(project.directory, "stacks", "Pulumi.directory.yaml"));
  const { exitCode, stdout, stderr } = await project.cost("--base", "no-such-revision");
  assert.equal(exitCode, 1);
  for (const problem of [
    /stacks\/Pulumi\.not-yaml\.yaml: .*line 1/,
    /stacks\/Pulumi\.negative\.yaml: workload\.nodes: must be at least 0/,
    /stacks\/Pulumi\.absurd\.yaml: workload\.workingSetGiB: must be at most/,
    /stacks\/Pulumi\.directory\.yaml: can't be read/,
    /--base: git knows no revision "no-such-revision"/,
  ]) {
    assert.match(stderr, problem);
  }
  assert.match(stdout, /^good, eu-central-1 +\$\d/m);
  assert.match(stdout, /^nowhere, xx-nowhere-1 +\$\d\S+ \(\$\d/m);
  assert.match(stdout, /^machine, eu-central-1 +≥ \$\d/m);
  assert.match(stdout, /^- machine, eu-central-1: machine\.type: the limits of "m7g\.lage" aren't known/m);
});

test("reports a budget that a preview would fail for as a problem", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("poor", withKey("budget", "{ monthlyUSD: 20, over: fail }"));
  await project.setStack("warned", withKey("budget", "{ monthlyUSD: 20 }"));
  const { exitCode, stderr, stdout } = await project.cost();
  assert.equal(exitCode, 1);
  assert.match(stderr, /^✗ stacks\/Pulumi\.poor\.yaml: budget\.monthlyUSD: .*more than \$20\.00/);
  assert.match(stdout, /^- warned: .*more than \$20\.00/m);
});

test("includes the warnings of a preview", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("first", stackFiles.aws.replace(/^ +registry-cache:version:.*\n/m, ""));
  await project.setStack("ohio", stackFiles.aws.replaceAll("eu-central-1", "us-east-2"));
  const text = renderTerminal(await project.review()).replaceAll(/\s+/g, " ");
  assert.match(text, /- first: the nodes of a peak have 30 minutes here, as in version 1 .*`version: 2`/);
  assert.match(text, /- ohio: us-east-2 has no machine with a price of its own in the price book/);
});

test("reports only named stacks, and corrects wrong usage", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("one", stackFiles.aws);
  await project.setStack("two", stackFiles.azure);
  const named = await project.cost("two", "three");
  assert.equal(named.exitCode, 1);
  assert.match(named.stdout, /^two, westeurope /m);
  assert.doesNotMatch(named.stdout, /^one,/m);
  assert.match(named.stderr, /stacks\/Pulumi\.three\.yaml: there is no such file; the stacks are one, two/);
  const unknown = await project.cost("three");
  assert.deepEqual([unknown.exitCode, unknown.stdout], [1, ""]);
  for (const [args, said] of [
    [["--bse", "x"], /unknown option '--bse'\n.*--base\?/],
    [["--format", "pdf"], /argument 'pdf' is invalid\. Allowed choices are table, markdown/],
    [["--prometheus", "user:secret@here:9090"], /write it like http:/],
  ] as const) {
    const { exitCode, stdout, stderr } = await project.cost(...args);
    assert.deepEqual([exitCode, stdout], [2, ""]);
    assert.match(stderr, said);
    assert.match(stderr, /^Usage: npm run cost/m);
    assert.doesNotMatch(stderr, /secret/);
  }
});

test("reports no stacks for a project without any", async (t) => {
  const { exitCode, stdout, stderr } = await scope(t)
    .use(await costProject())
    .cost();
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.match(stdout, /^USD a month, estimated from /m);
});

test("loads no SDK of Pulumi or of a cloud", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  const refuse = `import { registerHooks } from "node:module";
registerHooks({ resolve(name, context, next) {
  if (name.startsWith("@pulumi/")) throw new Error("loads " + name);
  return next(name, context);
} });`;
  await execa(
    "node",
    [
      "--import",
      `data:text/javascript,${encodeURIComponent(refuse)}`,
      join(projectDirectory, "scripts", "cost.ts"),
    ],
    { cwd: project.directory, preferLocal: true, localDir: projectDirectory },
  );
});

function withWorkload(workload: string): string {
  return withKey("workload", `{ ${workload} }`);
}

function withKey(key: string, value: string): string {
  return stackFiles.aws.replace(/^config:\n/m, `config:\n  registry-cache:${key}: ${value}\n`);
}
