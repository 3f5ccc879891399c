/** `npm run cost -- --base`: how a change of the stack files changes the cost. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { renderMarkdown } from "../../scripts/cost/markdown.ts";
import { renderPage } from "../../scripts/cost/page.ts";
import type { Review } from "../../scripts/cost/review.ts";
import { renderTerminal } from "../../scripts/cost/terminal.ts";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { projectDirectory } from "../support/project.ts";
import { scope } from "../support/scope.ts";

test("also compares a contested charge, at the high end", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("azure", stackFiles.azure);
  await project.commit();
  // Only the traffic within the region changes: 3,600 GiB become 7,200, which are 3,865.47 GB more, × 0.087 = 336.30.
  await project.setStack("azure", stackFiles.azure.replace("nodeChurnPerMonth: 4", "nodeChurnPerMonth: 8"));
  const { markdown, table, review } = await compared(project);
  const title = String.raw`azure, westeurope: \$84\.98 \(\$77\.62 to \$428\.64\) → \$84\.98 \(\$77\.62 to \$764\.94\), \$0\.00 to \+\$336\.30 a month`;
  assert.match(markdown, new RegExp(String.raw`^\*\*${title}\*\*$`, "m"));
  assert.match(table, new RegExp(`^${title}$`, "m"));
  const cause =
    /^- Transfer in the region, billed as to the internet, 3,865 → 7,731 GB: \$0\.00 to \+\$336\.30\.$/m;
  assert.match(markdown, cause);
  assert.match(markdown, /^- If the contested charge is billed: The cache saves us money at no volume: /m);
  // Only the workload changes, and the machine sustains it.
  assert.doesNotMatch(markdown, /are to have pulled within/);
  assert.match(markdown, /^- Only the high end has the contested charge, \$672\.59/m);
  const { base, regions } = review;
  assert.deepEqual(
    [base, regions[0]?.past?.usage.pulledGiB, regions[0]?.estimate.usage.pulledGiB],
    ["HEAD", 3600, 7200],
  );
});

test("compares by other regions' prices where the region has none, and calls the change unknown without any price", async (t) => {
  const project = scope(t).use(await costProject());
  const ohio = stackFiles.aws.replaceAll("eu-central-1", "us-east-2");
  await project.setStack("dearer", withMachine(stackFiles.aws, "m7g.large"));
  await project.setStack("larger", withDisk("240GiB"));
  await project.setStack("nowhere", withMachine(ohio, "m7g.large"));
  await project.commit();
  await project.setStack("dearer", withMachine(stackFiles.aws, "r8g.12xlarge"));
  await project.setStack("larger", withDisk("600GiB"));
  await project.setStack("nowhere", withMachine(ohio, "m7g.16xlarge"));
  const { markdown, table } = await compared(project);
  // The disk's price is known. The two new machines have no price anywhere.
  assert.match(markdown, /^\*\*≥ \$\S+ a month\. Change against `HEAD`: at least -\$\S+\.\*\*$/m);
  for (const name of ["dearer, eu-central-1", "nowhere, us-east-2"]) {
    assert.match(
      table,
      new RegExp(String.raw`^${name}: \$.* → ≥ \$\S+, at least -\$\S+ a month$`, "m"),
      name,
    );
  }
  // Without a price there is nothing to compare, so no alternative is the cheapest.
  const [, dearer = ""] = markdown.split("**dearer, eu-central-1");
  assert.doesNotMatch(dearer.split("**larger")[0] ?? "", /cheapest adequate alternative/);
  // 360 GiB × 730 h × 0.00011, the price of eastus, is 28.908, 30 % more or less.
  assert.match(table, /^larger, westeurope: .*, \+\$20\.24 to \+\$37\.58 a month$/m);
});

test("says that nothing is priced in place of comparing nothing", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("local", stackFiles.local);
  await project.setStack("aws", stackFiles.aws);
  await project.commit();
  const { stdout } = await project.cost("local", "--base", "HEAD");
  assert.match(stdout, /^Nothing is priced\.\n\nUSD a month/);
  await project.setStack("aws");
  const removed = await compared(project);
  assert.match(
    removed.table.replaceAll(/\s+/g, " "),
    /^Nothing is priced\. Without 1 removed stack billed until `pulumi destroy`, \$185\.16 a month: aws\. USD a month/,
  );
});

test("says which regions change without a price, and counts them as neither the same nor as before", async (t) => {
  const project = scope(t).use(await costProject());
  const text = await readFile(join(projectDirectory, "stacks/Pulumi.kubernetes-example.yaml"), "utf8");
  await project.setStack("kubernetes-example", text);
  await project.setStack("local", stackFiles.local);
  await project.setStack("aws", stackFiles.aws);
  await project.commit();
  const larger = text.replace(/replicas:\n +min: \d/, "replicas:\n        min: 6");
  assert.notEqual(larger, text);
  await project.setStack("kubernetes-example", larger);
  const said = String.raw`^\*\*\$185\.16 a month\. 1 region changes and isn't priced: kubernetes-example\. Change against \`HEAD\`: `;
  const alone = await compared(project);
  assert.match(alone.markdown, new RegExp(String.raw`${said}\$0\.00 \(0%\)\.\*\*$`, "m"));
  await project.setStack("aws", twiceTheNodes);
  const { markdown } = await compared(project);
  assert.match(
    markdown,
    new RegExp(said.replace("185", String.raw`\d+`).replace(String.raw`\.16`, String.raw`\.\d\d`), "m"),
  );
  assert.doesNotMatch(markdown, /costs? the same/);
});

test("reports a change that only the customers pay, by other regions' prices where the region has none", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws);
  await project.setStack("elsewhere", stackFiles.aws.replaceAll("eu-central-1", "ap-south-2"));
  await project.commit();
  const billed = "config:\n  registry-cache:cost: { nodes: { natGateway: billed } }\n";
  await project.setStack("aws", stackFiles.aws.replace(/^config:\n/m, billed));
  await project.setStack("elsewhere", twiceTheNodes.replaceAll("eu-central-1", "ap-south-2"));
  const { markdown, table } = await compared(project);
  assert.doesNotMatch(markdown, /as in `HEAD`/);
  // 3,600 GiB × 0.045 to 0.059, the prices of other regions, in addition to 36.00.
  const customers = "The customers pay $248.40 ($198.00 to $248.40): +$162.00 to +$212.40.";
  assert.ok(markdown.includes(`- ${customers}\n`), markdown);
  assert.ok(table.includes(customers), table);
  assert.match(
    markdown,
    /^- The customers pay \$72\.00 \(\$50\.40 to \$93\.60\): \+\$25\.20 to \+\$46\.80\.$/m,
  );
});

test("lists the largest cause first, and says in one line if nothing changes", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("azure", withDisk("240GiB"));
  await project.commit();
  const same = await compared(project);
  assert.match(same.markdown, /^\*\*\$\S+ \(.*\) a month, as in `HEAD`\.\*\*\n\nUSD a month, estimated/m);
  assert.doesNotMatch(same.markdown, /^- /m);
  // The machine costs at least 30 USD, so it comes before the disk.
  await project.setStack(
    "azure",
    withDisk("250GiB").replace("topology: vm", "topology: vm\n      machine: { type: Standard_D4ps_v6 }"),
  );
  const { markdown } = await compared(project);
  const [first = ""] = markdown.split("\n").filter((line) => line.startsWith("- "));
  assert.match(first, /^- Virtual machine .*D4ps_v6.* in place of /);
});

test("reports a problem of the present files once, and not as one of the base", async (t) => {
  const project = scope(t).use(await costProject());
  const prefetch = "config:\n  registry-cache:prefetch: { files: [{ path: images.txt }] }\n";
  await project.setStack("aws", stackFiles.aws.replace(/^config:\n/m, prefetch));
  await project.commit();
  const { problems, notes } = await project.review({ base: "HEAD" });
  assert.match(problems.map(({ message }) => message).join(), /^"images\.txt" can't be read: ENOENT$/);
  assert.doesNotMatch(notes.join(), /images\.txt/);
});

test("compares with a base whose `prefetch` reads a file that is gone", async (t) => {
  const project = scope(t).use(await costProject());
  const readFrom = async (path: string) => {
    await writeFile(join(project.directory, path), "gsoci.azurecr.io/giantswarm/app:1.0");
    const prefetch = `config:\n  registry-cache:prefetch: { files: [{ path: ${path} }] }\n`;
    await project.setStack("aws", stackFiles.aws.replace(/^config:\n/m, prefetch));
  };
  await readFrom("old.txt");
  await project.commit();
  await rm(join(project.directory, "old.txt"));
  await readFrom("new.txt");
  // The paths are relative to the command's directory.
  const report = async (format: string) => (await project.cost("--base", "HEAD", "--format", format)).stdout;
  assert.match(await report("markdown"), /^\*\*.* a month, as in `HEAD`\.\*\*$/m);
  assert.doesNotMatch(await report("json"), /old\.txt/);
});

test("leaves out a stack whose file can't be read, and says so", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("broken", stackFiles.aws);
  await project.commit();
  await project.setStack("broken", stackFiles.aws.replace("kind: disk", "kind: disc"));
  const now = await compared(project);
  const without = "Without 1 stack that can't be read: broken.";
  assert.match(now.markdown, new RegExp(`^\\*\\*Nothing is priced\\. ${without}\\*\\*$`, "m"));
  await project.setStack("same", stackFiles.aws);
  const alone = await project.review();
  assert.match(renderMarkdown(alone), new RegExp(`^\\*\\*\\$\\S+ a month\\. ${without}\\*\\*$`, "m"));
  for (const text of [renderTerminal(alone), renderPage(alone)])
    assert.ok(text.replaceAll("&#39;", "'").includes(without), text);

  await project.setStack("same");
  await project.commit();
  await project.setStack("broken", stackFiles.aws);
  const then = await compared(project);
  assert.match(
    then.markdown,
    /^\*\*\$\S+ a month\. The change is without 1 stack that can't be read in `HEAD`: broken\. Change against `HEAD`: \$0\.00\.\*\*$/m,
  );
  assert.match(then.table, /The change is without 1 stack that can't be read in `HEAD`: broken\./);
  assert.doesNotMatch(then.markdown, /costs? the same|\| new \|/);
  assert.deepEqual(
    then.review.regions.map(({ past }) => past),
    [undefined],
  );
});

test("shows new, changed, removed and unchanged stacks in all formats that compare", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("changed", stackFiles.aws);
  await project.setStack("gone", stackFiles.azure);
  await project.setStack("same", stackFiles.azure);
  await project.setStack("less", twoRegions);
  await project.setStack("broken", stackFiles.azure);
  await project.commit();
  await project.setStack("changed", twiceTheNodes);
  await project.setStack("new", stackFiles.aws);
  await project.setStack("gone");
  await project.setStack("less", stackFiles.aws);
  await project.setStack("broken", "config: {}");

  const { markdown, table, review } = await compared(project);
  for (const [format, text] of Object.entries({ markdown, table, json: JSON.stringify(review, null, 2) })) {
    const { stdout } = await project.cost("--base", "HEAD", "--format", format);
    assert.equal(stdout.trimEnd(), text.trimEnd(), format);
  }
  const titles = [...markdown.matchAll(/^\*\*(\w+), \S+: (.*)\*\*$/gm)];
  assert.deepEqual(titles.map(([, name]) => name).sort(), ["changed", "less", "new"]);
  const titleOf = (name: string) => titles.find((title) => title[1] === name)?.[2] ?? "";
  assert.match(titleOf("less"), /→ removed, -\$\S+ a month$/);
  // Nobody has destroyed it.
  const left = String.raw`Without 1 removed stack billed until \`pulumi destroy\`, \$84\.98 \(.*\) a month: gone\.`;
  assert.match(markdown, new RegExp(`^\\*\\*\\$.*${left} Change against`, "m"));
  assert.match(titleOf("new"), /^new → \$\d/);
  assert.match(markdown, /^- Transfer in the region, out of the cache, 3,600 → 7,200 GiB: \+\$36\.00\.$/m);
  assert.match(markdown, /^- The workload changes: nodes 300 → 600\.$/m);
  assert.match(markdown, /^- The customers pay \$72\.00: \+\$36\.00\.$/m);
  assert.match(markdown, /2 regions cost the same/);
  assert.match(markdown, /stacks\/Pulumi\.broken\.yaml: provider: is missing/);
  // The table has the same sentences, and fits on a screen.
  const plain = (text: string) => text.replaceAll(/[\s*]+/g, " ");
  for (const sentence of markdown.split("\n").filter((line) => line.startsWith("- "))) {
    if (!sentence.includes("stacks/")) assert.ok(plain(table).includes(plain(sentence)), sentence);
  }
  assert.ok(table.trimEnd().split("\n").length <= 40, table);
  assert.equal(markdown.match(/npm run prices/g)?.length, 1);

  // A stack whose file can't be read any more doesn't count as removed.
  const { regions, removed, leftBehind, unread } = review;
  assert.deepEqual(
    regions.map(({ stack, past }) => [stack, past !== undefined]),
    [
      ["changed", true],
      ["less", true],
      ["new", false],
      ["same", true],
    ],
  );
  const names = [removed, leftBehind].map((those) => those.map(({ stack }) => stack));
  assert.deepEqual([...names, unread.now], [["less"], ["gone"], ["broken"]]);
});

/** The stack of {@link stackFiles} in AWS, with a second region. */
const twoRegions = stackFiles.aws.replace(/^ {4}- name: eu-central-1\n(?: {5}.*\n|\n)+/m, (region) => {
  return region + region.replaceAll("eu-central-1", "us-east-1");
});

const twiceTheNodes = stackFiles.aws.replace(
  /^config:\n/m,
  "config:\n  registry-cache:workload: { nodes: 600 }\n",
);

/** The report against HEAD, and its text in the formats that compare. */
async function compared(
  project: CostProject,
): Promise<{ readonly review: Review; readonly markdown: string; readonly table: string }> {
  const review = await project.review({ base: "HEAD" });
  return { review, markdown: renderMarkdown(review), table: renderTerminal(review) };
}

function withMachine(text: string, type: string): string {
  return text.replace("topology: vm", `topology: vm\n      machine: { type: ${type} }`);
}

function withDisk(size: string): string {
  return stackFiles.azure.replace("size: auto", `size: ${size}`);
}
