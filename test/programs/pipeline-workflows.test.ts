/** The shell steps of the workflows that write to GitHub, run as GitHub does, with a double of `gh` that only records. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

interface Step {
  readonly workflow: string;
  readonly job: string;
  /** The step's name. @default the job's last step */
  readonly step?: string;
  /** A double of `gh`, in bash. */
  readonly gh?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Existing files by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs a step of a job. */
async function run(t: TestContext, { workflow, job, step: name, gh = "", env = {}, files = {} }: Step) {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  const programs = parts.use(await fakePrograms({ gh, git: "", npm: 'echo "$*"' }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  }
  const { jobs } = parse(readFileSync(join(projectDirectory, ".github/workflows", workflow), "utf8"));
  const step = jobs[job].steps.findLast((one: { name?: string }) => name === undefined || one.name === name);
  // Without `shell:`, GitHub uses this shell: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
  const { exitCode, stdout } = await execa("bash", ["-e", "-c", step.run], {
    cwd: path,
    env: { ...step.env, RUNNER_TEMP: path, RUN_URL: "https://run", ...env, ...programs.env },
    reject: false,
  });
  const calls = (await programs.calls()).filter(([program]) => program === "gh");
  const read = (name: string) => (existsSync(join(path, name)) ? readFileSync(join(path, name), "utf8") : "");
  return { exitCode, stdout, calls: calls.map((call) => call.slice(1).join(" ")), read };
}

const comment = { workflow: "pull-request.yaml", job: "comment", env: { NUMBER: "7", COMMIT: "abc123" } };
const drift = { workflow: "drift.yaml", job: "issue" };

test("updates an existing comment, and names the commit", async (t) => {
  const { exitCode, calls, read } = await run(t, {
    ...comment,
    files: { "comment.md": "the report\n" },
    gh: 'if [ "$2" != --method ]; then echo 12; echo 13; fi',
  });
  assert.equal(exitCode, 0);
  assert.match(calls.at(-1) ?? "", /^api --method PATCH \S+\/issues\/comments\/12 /);
  assert.equal(read("comment.md"), "the report\n\nOf commit abc123\n");
});

test("replaces the old comment if a preview ended before its report", async (t) => {
  const { calls, read } = await run(t, comment);
  assert.match(calls.at(-1) ?? "", /^pr comment 7 /);
  assert.match(
    read("comment.md"),
    /^<!-- registry-cache: preview -->\n\nThe preview could not be run, see https:\/\/run\n+Of commit abc123\n$/,
  );
});

test("writes no second comment if GitHub can't be asked for the first", async (t) => {
  const { exitCode, calls } = await run(t, { ...comment, gh: "exit 1" });
  assert.equal(exitCode, 1);
  assert.equal(calls.length, 1);
});

test("reports an interrupted comparison in the issue, and closes the issue if there is no difference", async (t) => {
  const broken = await run(t, { ...drift, env: { RESULT: "cancelled" } });
  assert.match(broken.calls.at(-1) ?? "", /^issue create .* --body-file issue\.md$/);
  assert.equal(broken.read("issue.md"), "The comparison could not be run, see https://run\n");
  const same = await run(t, { ...drift, env: { RESULT: "success" }, gh: '[ "$2" != list ] || echo 4' });
  assert.match(same.calls.at(-1) ?? "", /^issue close 4 /);
  const [label = "", list = ""] = same.calls;
  assert.match(
    label,
    /^label create drift --force --color [0-9a-f]{6} /,
    "otherwise, gh takes another color each time",
  );
  assert.match(list, / --app github-actions /, "people's issues stay as they are");
});

test("brings up all stacks or the named ones, and runs the remedies for named stacks only", async (t) => {
  const up = async (env: NodeJS.ProcessEnv) => {
    const inputs = { COMMAND: "up", REPAIR: "", STACKS: "", GITHUB_STEP_SUMMARY: "report.md", ...env };
    const { exitCode, stdout } = await run(t, { workflow: "main.yaml", job: "up", env: inputs });
    return [exitCode, ...stdout.split("\n")];
  };
  const pipeline = (options: string, stacks: string) =>
    `run pipeline -- up${options} --policy-pack policy/pack.js --report report.md --${stacks}`;
  assert.deepEqual(await up({}), [0, pipeline("", "")]);
  const STACKS = " aws-a  $(id) ";
  assert.deepEqual(await up({ REPAIR: "yes", STACKS }), [0, pipeline(" --repair", " aws-a $(id)")]);
  assert.deepEqual(await up({ COMMAND: "cancel", STACKS: "aws-a aws-b" }), [
    0,
    ...["aws-a", "aws-b"].map((stack) => `run pulumi -- cancel --yes --stack ${stack}`),
  ]);
  assert.deepEqual(await up({ COMMAND: "refresh", STACKS: "aws-a" }), [
    0,
    "run pulumi -- refresh --yes --clear-pending-creates --stack aws-a",
  ]);
  for (const COMMAND of ["cancel", "refresh"]) assert.equal((await up({ COMMAND }))[0], 1);
});

test("doesn't bring stacks back to the commit of an earlier run", async (t) => {
  const step = { workflow: "main.yaml", job: "up", step: "refuse to go back to an earlier commit" };
  const env = { GITHUB_REPOSITORY: "acme/caches", GITHUB_REF_NAME: "main", GITHUB_SHA: "abc" };
  const again = (newest: string) => run(t, { ...step, env, gh: `echo ${newest}` });
  assert.deepEqual((await again("abc")).calls, ["api repos/acme/caches/commits/main --jq .sha"]);
  assert.equal((await again("abc")).exitCode, 0);
  assert.equal((await again("def")).exitCode, 1);
  assert.equal((await run(t, { ...step, env, gh: "exit 1" })).exitCode, 1);
});

test("renews only Azure's prices without a role in AWS", async (t) => {
  const ask = { workflow: "prices.yaml", job: "renew", step: "ask the clouds" };
  for (const [AWS_ROLE, cloud] of [
    ["", " azure"],
    ["arn:aws:iam::1:role/preview", ""],
  ]) {
    const { exitCode, read } = await run(t, { ...ask, env: { AWS_ROLE } });
    assert.deepEqual([exitCode, read("changes.md")], [0, `run --silent prices --${cloud}\n`]);
  }
});

test("proposes only prices to a fork, without the golden files that a newer version of the project changes", () => {
  const file = readFileSync(join(projectDirectory, ".github/workflows/prices.yaml"), "utf8");
  const steps: { run?: string; if?: string }[] = parse(file).jobs.renew.steps;
  assert.equal(steps.find(({ run }) => run === "npm run generate")?.if, "vars.TESTS == 'true'");
});

test("updates an open pull request with prices, or opens a new one", async (t) => {
  for (const [state, command] of [
    ["echo OPEN", "edit"],
    ["echo MERGED", "create"],
    ["exit 1", "create"],
  ]) {
    const { exitCode, calls } = await run(t, {
      workflow: "prices.yaml",
      job: "propose",
      files: { "prices.patch": "a change" },
      gh: `if [ "$2" = view ]; then ${state}; fi`,
    });
    assert.equal(exitCode, 0);
    assert.match(calls.at(-1) ?? "", new RegExp(`^pr ${command} `), state);
  }
});

test("makes a release with its section of the changelog, whose links work from there, or none", async (t) => {
  const changelog =
    "# Changelog\n\n## Unreleased\n\n- Later.\n\n## [1.2.0] - 2026-12-01\n\n- See [metrics.md](docs/metrics.md#job), [it](https://a.test/).\n\n## 1.1.0\n\n- Before.\n";
  const release = {
    ...{ workflow: "release.yaml", job: "pack", step: "take the notes from the changelog" },
    files: { "package.json": '{"version":"1.2.0"}', "CHANGELOG.md": changelog },
  };
  const env = { GITHUB_REPOSITORY: "acme/caches", GITHUB_REF_NAME: "v1.2.0" };
  const made = await run(t, { ...release, env });
  assert.equal(made.exitCode, 0);
  assert.equal(
    made.read("notes.md").trim(),
    "- See [metrics.md](https://github.com/acme/caches/blob/v1.2.0/docs/metrics.md#job), [it](https://a.test/).",
  );
  const sections = readFileSync(join(projectDirectory, "CHANGELOG.md"), "utf8").replaceAll(/^## .*$/gm, "");
  const own = `## 1.2.0\n${sections}`;
  const real = await run(t, { ...release, env, files: { ...release.files, "CHANGELOG.md": own } });
  const links = [...real.read("notes.md").matchAll(/\]\(([^)#]*)[^)]*\)/g)].map(([, link = ""]) => link);
  const blob = "https://github.com/acme/caches/blob/v1.2.0/";
  const targets = links.flatMap((link) => (link.startsWith(blob) ? link.slice(blob.length) : []));
  assert.ok(targets.length > 10);
  assert.deepEqual(
    targets.filter((path) => !existsSync(join(projectDirectory, path))),
    [],
  );
  assert.deepEqual(
    links.filter((link) => !link.startsWith("https://")),
    [],
  );
  assert.equal((await run(t, { ...release, env: { ...env, GITHUB_REF_NAME: "v1.3.0" } })).exitCode, 1);
  const files = { ...release.files, "CHANGELOG.md": "## Unreleased\n\n- All.\n" };
  assert.equal((await run(t, { ...release, env, files })).exitCode, 1);
  const { calls } = await run(t, { workflow: "release.yaml", job: "release", env });
  assert.match(calls.at(-1) ?? "", /^release create v1\.2\.0 --verify-tag .* --notes-file notes\.md /);
});
