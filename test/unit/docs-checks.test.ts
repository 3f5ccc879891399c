/** The documentation's checks find what they should. `npm run check` runs them on the pages. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import { blockProblems } from "../../scripts/docs/code-blocks.ts";
import { englishProblems, isCurrent } from "../../scripts/docs/english.ts";
import { markdownFiles, markdownProblems } from "../../scripts/docs/markdown.ts";
import { projectDirectory } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

test("has every page in the index", () => {
  const index = readFileSync(join(projectDirectory, "docs", "README.md"), "utf8");
  const pages = globSync(["*.md", "quickstart/*.md", "runbooks/README.md"], {
    cwd: join(projectDirectory, "docs"),
  });
  assert.ok(pages.length > 30);
  const missing = pages.filter((page) => page !== "README.md" && !index.includes(`(${page})`));
  assert.deepEqual(missing, []);
});

test("names the stack in every command of Pulumi that needs one", () => {
  const problems = (text: string) => blockProblems({ language: "sh", text });
  const told = (command: string) => [
    `\`${command}\` names no stack: without \`--stack\`, the engine takes whichever was selected last`,
  ];
  assert.deepEqual(problems("pulumi up\n"), told("pulumi up"));
  assert.deepEqual(problems("npm run pulumi -- destroy --target x\n"), told("npm run pulumi -- destroy"));
  assert.deepEqual(problems("a=$(npm run --silent pulumi -- stack output caches --json)\n"), [
    ...told("npm run --silent pulumi -- stack output"),
  ]);
  assert.deepEqual(
    problems("pulumi config set a b; pulumi config set --stack x c d\n"),
    told("pulumi config"),
  );
  for (const text of [
    "pulumi destroy --target y \\\n  --stack x\n",
    "npm run pulumi -- stack init x\n",
    "aws s3 ls example-pulumi-state\n",
  ]) {
    assert.deepEqual(problems(text), [], text);
  }
});

test("has no comments in commands, which an interactive zsh runs", () => {
  const problems = (text: string) => blockProblems({ language: "sh", text });
  const told = (comment: string) =>
    `\`${comment}\` is a comment, and an interactive zsh reads it as words of the command: write it above the block`;
  for (const [text, ...comments] of [
    ["ls # all of them\n", "# all of them"],
    ["# This machine's:\nls\nid #x\n", "# This machine's:", "#x"],
    ["a='b' # c\nd='e f' # g\n", "# c", "# g"],
    ["cat <<EOF >x\n# kept\nEOF\nls # y\n", "# y"],
    ["cat <<EOF >x # z\n# kept\nEOF\n", "# z"],
  ] as const) {
    assert.deepEqual(problems(text), comments.map(told), text);
  }
  for (const text of [
    "echo \"a # b\" 'c # d' e#f $# \\# i\n",
    "cat >x <<'EOF'\n# A file's comment\nEOF\nls\n",
    "jq '\n# of jq\n.'\n",
  ]) {
    assert.deepEqual(problems(text), [], text);
  }
  assert.deepEqual(blockProblems({ language: "bash", text: "ls # x\n" }), [told("# x")]);
});

suite("a page", () => {
  const parts = scope(test);

  async function problems(page: string): Promise<string[]> {
    const { path } = parts.use(await tempDir());
    await mkdir(join(path, "docs"));
    await writeFile(join(path, "docs", "other.md"), "# Other\n\n## A part\n");
    await writeFile(join(path, "docs", "page.md"), `# Page\n\n${page}\n`);
    return markdownProblems(path, ["docs/page.md"]);
  }

  test("has no problem without a mistake", async () => {
    const page = "[there](other.md#a-part), [here](#page)\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n";
    assert.deepEqual(await problems(page), []);
  });

  test("of any kind is checked: a decision, a runbook, a page of a folder, the changelog", async () => {
    const { path } = parts.use(await tempDir());
    const pages = ["CHANGELOG.md", "docs/adr/0001-x.md", "docs/clients/x.md", "docs/runbooks/X.md"];
    await writeFile(join(path, "other.md"), "# Other\n");
    for (const page of pages) {
      await mkdir(dirname(join(path, page)), { recursive: true });
      const link = `${"../".repeat(page.split("/").length - 1)}other.md#gone`;
      await writeFile(join(path, page), `# Page\n\n[x](${link})\n`);
    }
    const found = await markdownProblems(path, markdownFiles(path));
    assert.deepEqual(
      found.map((problem) => problem.split(": ")[0]),
      pages.map((page) => `${page}:3`),
    );
  });

  const mistakes: readonly [what: string, page: string, problem: RegExp][] = [
    ["a link to a file that isn't there", "[x](gone.md)", /^docs\/page\.md:3: .*gone\.md/],
    ["a link to a heading that isn't in the other file", "[x](other.md#gone)", /^docs\/page\.md:3: .*gone/],
    ["a link to a heading that isn't on the page", "[x](#gone)", /^docs\/page\.md:3: .*gone/],
    ["a picture that isn't there", "![x](gone.svg)", /^docs\/page\.md:3: .*gone\.svg/],
    ["a row with a cell too many", "| a |\n| --- |\n| 1 | 2 |", /^docs\/page\.md:5: /],
    ["YAML that can't be parsed", "- x\n\n  ```yaml\n  a: [\n  ```", /^docs\/page\.md:5: /],
  ];
  for (const [what, page, problem] of mistakes) {
    test(what, async () => {
      const [found = "", ...others] = await problems(page);
      assert.match(found, problem);
      assert.deepEqual(others, []);
    });
  }
});

suite("a block of code", () => {
  const right: readonly [language: string, text: string][] = [
    ["yaml", "a: 1\n---\nb: 2\n"],
    ["yaml", "storage: { kind: bucket, delivery: redirect }\n"],
    ["yaml", "registry-cache:budget: { monthlyUSD: 150, over: warn }\n"],
    ["json", '"a": { "b": 1 }\n'],
    ["toml", "a = 1\n\na = 2\n"],
    ["mermaid", 'flowchart LR\n  a["x<br>y"] -- "z" --> b & c\n'],
    ["mermaid", "sequenceDiagram\n  A->>B: x\n"],
    ["sh", "if\n"],
  ];
  for (const [language, text] of right) {
    test(`${language}: ${text}`, () => assert.deepEqual(blockProblems({ language, text }), []));
  }

  const wrong: readonly [language: string, text: string, problem: RegExp][] = [
    ["yaml", "a: 1\na: 2\n", /unique/],
    ["yaml", "storage: { kind: bucket, delivery: fast }\n", /storage\/delivery/],
    ["yaml", "registry-cache:budget: { monthlyEUR: 150 }\n", /monthlyEUR/],
    ["yaml", "config:\n  registry-cache:provider: aws\n  registry-cache:regions: []\n", /regions/],
    ["json", "{ a: 1 }\n", /JSON/],
    ["toml", "a = \n", /Invalid TOML/],
    ["mermaid", "flowchat LR\n  a --> b\n", /header/],
    ["mermaid", "flowchart LR\n  a --> b\n  b -->\n", /2 arrows, of which 1/],
  ];
  for (const [language, text, problem] of wrong) {
    test(`${language}: ${text}`, () => assert.match(blockProblems({ language, text }).join("\n"), problem));
  }
});

suite("English", () => {
  const stops: readonly [text: string, found: string][] = [
    ["A machine isn't to be had.", "be had"],
    ["So long, clients wait.", "So long"],
    ["| x | Who deploys needs rights |", "Who deploys needs"],
    ["The cache goes on serving.", "goes on"],
    ["An update of a stack that is there.", "that is there"],
    ["Please set a size.", "Please"],
    ["A size, e.g. 20GiB.", "e.g."],
    ["Pods run as nobody.", "as nobody"],
  ];
  for (const [text, found] of stops) {
    test(text, () => {
      const [problem = ""] = englishProblems("a.md", `# A\n\n${text}\n`);
      assert.ok(
        problem.startsWith("a.md:3: ") && problem.toLowerCase().includes(`"${found.toLowerCase()}"`),
        problem,
      );
    });
  }

  test("ignores quotations, code and addresses", () => {
    const page =
      "`so long`, [x](so-long.md), https://so.long/besides\n\n```sh\n# so long\n```\n\n> so long\n";
    assert.deepEqual(englishProblems("a.md", page), []);
  });

  test("accepts usual sentences", () => {
    const page =
      "Is there a cache? There are two. Who may pull? What isn't there a word for? Users fall back to the registry.\n";
    assert.deepEqual(englishProblems("a.md", page), []);
  });

  test("leaves past changes as they were written", () => {
    const files = ["CHANGELOG.md", "docs/cost.md", "docs/runbooks/X.md", "README.md"];
    assert.deepEqual(files.map(isCurrent), [false, true, true, true]);
  });
});
