/** `npm run cost -- --base`: what a change of the stack files changes in the cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { infracost } from "../support/infracost.ts";
import { scope } from "../support/scope.ts";

test("a contested charge is compared too", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("azure", stackFiles.azure);
  await project.commit();
  // Only what passes within the region changes: 3,600 GiB become 7,200.
  await project.setStack("azure", stackFiles.azure.replace("nodeChurnPerMonth: 4", "nodeChurnPerMonth: 8"));
  const [markdown, table, json] = await Promise.all(
    ["markdown", "table", "json"].map((format) => project.cost("--base", "HEAD", "--format", format)),
  );
  const both = String.raw`≥ \$32\.\d\d / \$368\.\d\d`;
  assert.match(
    markdown?.stdout ?? "",
    new RegExp(
      String.raw`\| azure, westeurope \| ${both} \| ≥ \$32\.\d\d / \$7\d\d\.\d\d \| \$0\.00 / \+\$3\d\d\.\d\d \| \$0\.00 / \+\$3\d\d\.\d\d \|`,
    ),
  );
  assert.match(markdown?.stdout ?? "", /\| ~ \| Transfer in the region, .* \(contested\) \| \$336\.30 \| /);
  assert.match(
    markdown?.stdout ?? "",
    /\/: without and with a contested charge\. `cost\.azureSameRegionTraffic`/,
  );
  assert.match(table?.stdout ?? "", /^Difference to HEAD, a month: \$0\.00 \/ \+\$3\d\d\.\d\d$/m);
  // The disks have no price.
  assert.match(table?.stdout ?? "", /^We pay, with the contested charge +≥ \$7\d\d\.\d\d$/m);
  assert.match((table?.stdout ?? "").replaceAll(/\s+/g, " "), /If so, we pay ≥ \$7\d\d\.\d\d a month\./);
  const { metadata } = infracost.parse(JSON.parse(json?.stdout ?? ""));
  assert.deepEqual([metadata.infracostCommand, metadata.vcsCommitMessage], ["diff", "base"]);
});

test("a change that has no price is not known, in any format", async (t) => {
  const project = scope(t).use(await costProject());
  const ohio = stackFiles.aws.replaceAll("eu-central-1", "us-east-2");
  await project.setStack("dearer", withMachine(stackFiles.aws, "m7g.large"));
  await project.setStack("larger", withDisk("240GiB"));
  await project.setStack("nowhere", withMachine(ohio, "m7g.large"));
  await project.commit();
  await project.setStack("dearer", withMachine(stackFiles.aws, "r8g.12xlarge"));
  await project.setStack("larger", withDisk("600GiB"));
  await project.setStack("nowhere", withMachine(ohio, "m7g.16xlarge"));
  const { markdown, table, json } = await compared(project);
  assert.match(markdown, /^\*\*≥ \$\S+ \/ \$\S+ a month\. Change against `HEAD`: not known\.\*\*$/m);
  assert.match(table, /^Difference to HEAD, a month: not known$/m);
  for (const name of ["dearer, eu-central-1", "larger, westeurope", "nowhere, us-east-2"]) {
    assert.match(markdown, new RegExp(String.raw`^\| ${name} \| \S.* \| ≥ .* \| not known \| `, "m"), name);
    assert.match(table, new RegExp(`^${name} .* not known$`, "m"), name);
  }
  assert.match(markdown, /^not known: a line that changes has no price\.$/m);
  // Infracost's own totals start at zero, and its comments end if there is none.
  const { projects } = infracost.parse(JSON.parse(json));
  assert.equal(projects.find(({ name }) => name === "larger")?.diff.totalMonthlyCost, "0");
});

test("what has no price and is new, or gone, costs at least what has one", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("gone", stackFiles.azure);
  await project.setStack("same", stackFiles.aws);
  await project.commit();
  await project.setStack("gone");
  await project.setStack("new", stackFiles.azure);
  const { markdown } = await compared(project);
  assert.match(markdown, /^\| new, .* \| new \| ≥ .* \| ≥ \+\$32\.\d\d \/ ≥ \+\$368\.\d\d \| /m);
  assert.match(markdown, /^\| gone, .* \| removed \| ≤ -\$32\.\d\d \/ ≤ -\$368\.\d\d \| /m);
});

test("a stack whose file can't be read is left out, and that is said", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("broken", stackFiles.aws);
  await project.commit();
  await project.setStack("broken", stackFiles.aws.replace("kind: disk", "kind: disc"));
  const now = await compared(project);
  const without = "Without 1 stack that can't be read: broken.";
  assert.match(
    now.markdown,
    new RegExp(`^\\*\\*\\$0\\.00 a month\\. ${without} Change against \`HEAD\`: \\$0\\.00\\.\\*\\*$`, "m"),
  );
  await project.setStack("same", stackFiles.aws);
  const { stdout } = await project.cost("--format", "markdown");
  assert.match(stdout, new RegExp(`^\\*\\*\\$\\S+ a month\\. ${without}\\*\\*$`, "m"));
  for (const format of ["table", "html"]) {
    const { stdout } = await project.cost("--format", format);
    assert.ok(stdout.replaceAll("&#39;", "'").includes(without), format);
  }

  await project.setStack("same");
  await project.commit();
  await project.setStack("broken", stackFiles.aws);
  const then = await compared(project);
  assert.match(
    then.markdown,
    /^\*\*\$\S+ a month\. The change is without 1 stack that can't be read in `HEAD`: broken\. Change against `HEAD`: \$0\.00\.\*\*$/m,
  );
  assert.match(then.table, /^The change is without 1 stack that can't be read in `HEAD`: broken\.$/m);
  assert.doesNotMatch(then.markdown, /costs? the same|\| new \|/);
  assert.equal(infracost.parse(JSON.parse(then.json)).diffTotalMonthlyCost, "0");
});

test("what is new, changed, gone and the same, in all formats that compare", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("changed", stackFiles.aws);
  await project.setStack("gone", stackFiles.azure);
  await project.setStack("same", stackFiles.azure);
  await project.setStack("broken", stackFiles.azure);
  await project.commit();
  const [before] = await totals(project.cost("--format", "json"));
  await project.setStack("changed", twiceTheNodes);
  await project.setStack("new", stackFiles.aws);
  await project.setStack("gone");
  await project.setStack("broken", "config: {}");

  const [markdown, table, json] = await Promise.all(
    ["markdown", "table", "json"].map((format) => project.cost("--base", "HEAD", "--format", format)),
  );
  assert.ok(markdown && table && json);
  const rows = markdown.stdout
    .split("\n")
    .filter((line) => /^\| (?:changed|gone|same|new|broken),/.test(line));
  assert.deepEqual(rows.map((row) => row.match(/\w+/)?.[0]).sort(), ["changed", "gone", "new"]);
  assert.match(rows.find((row) => row.includes("gone")) ?? "", /\| removed \| ≤ -\$/);
  assert.match(rows.find((row) => row.includes("| new,")) ?? "", /\| new \| \$\d/);
  assert.match(
    markdown.stdout,
    /\| ~ \| Transfer in the region, out of the cache \| \$36\.00 \| \$72\.00 \| \+\$36\.00 \| us \|/,
  );
  assert.match(markdown.stdout, /1 region costs the same/);
  assert.match(markdown.stdout, /stacks\/Pulumi\.broken\.yaml: provider: is missing/);
  assert.match(table.stdout, /Difference to HEAD, a month: /);

  // A stack that can't be read any more isn't gone: it was no part of the base that is compared with.
  const [now, past, difference] = await totals(Promise.resolve(json));
  const { projects } = infracost.parse(JSON.parse(json.stdout));
  assert.ok(!projects.some(({ name }) => name === "broken"));
  assert.ok(past < before, "without the broken stack");
  assert.ok(Math.abs(now - past - difference) < 1e-6);
  const changed = projects.find(({ name }) => name === "changed");
  assert.equal(
    changed?.diff.resources[0]?.costComponents?.find(({ name }) => /out of the cache/.test(name))
      ?.monthlyCost,
    "36",
  );
});

const twiceTheNodes = stackFiles.aws.replace(
  /^config:\n/m,
  "config:\n  registry-cache:workload: { nodes: 600 }\n",
);

/** The report against HEAD in all formats that compare. */
async function compared(project: CostProject): Promise<Record<"markdown" | "table" | "json", string>> {
  const texts = (["markdown", "table", "json"] as const).map(async (format) => {
    const { stdout } = await project.cost("--base", "HEAD", "--format", format);
    return [format, stdout] as const;
  });
  return Object.fromEntries(await Promise.all(texts)) as Record<"markdown" | "table" | "json", string>;
}

function withMachine(text: string, type: string): string {
  return text.replace("topology: vm", `topology: vm\n      machine: { type: ${type} }`);
}

function withDisk(size: string): string {
  return stackFiles.azure.replace("size: auto", `size: ${size}`);
}

async function totals(
  run: Promise<{ stdout: string }>,
): Promise<[now: number, past: number, difference: number]> {
  const { totalMonthlyCost, pastTotalMonthlyCost, diffTotalMonthlyCost } = infracost.parse(
    JSON.parse((await run).stdout),
  );
  return [Number(totalMonthlyCost), Number(pastTotalMonthlyCost), Number(diffTotalMonthlyCost)];
}
