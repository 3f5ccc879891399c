/** The commands in CI files and in their documentation exist. scripts/check.ts lints the workflows themselves. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { defaultImages } from "../../components/config/images.ts";
import { troubleOf } from "../../scripts/engine/trouble.ts";
import { pipelineProgram } from "../../scripts/pipeline/arguments.ts";
import { commentMarker } from "../../scripts/pipeline/comment.ts";
import type { GoTool } from "../../scripts/setup/from-source/go-build.ts";
import { goTools as productTools } from "../../scripts/setup/from-source/go-tools.ts";
import { goTools, nodeTools } from "../setup/go-tools.ts";
import { projectDirectory } from "../support/project.ts";

const read = (file: string) => readFileSync(join(projectDirectory, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const page = read("docs/pipelines.md");

/** @throws Error for an unknown command or option */
async function parsePipeline(args: readonly string[]): Promise<void> {
  const nothing = async () => {};
  const program = pipelineProgram({ touched: nothing, preview: nothing, up: nothing, drift: nothing });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeErr() {} });
  await program.parseAsync([...args], { from: "user" });
}

async function assertRuns(command: string): Promise<void> {
  const [, script = "", rest = ""] = command.match(/npm (?:run (?:--silent )?)?([\w:-]+)(?: -- (.*))?/) ?? [];
  // `npm pack` runs `prepack`.
  assert.ok(scripts[script] ?? scripts[`pre${script}`], `${command}: no such script`);
  const args = rest.split(" ").filter((word) => word !== "");
  if (script === "pipeline") await assert.doesNotReject(parsePipeline(args), command);
}

/** All texts under the keys of commands in a YAML document. */
function commandsIn(value: unknown, key = ""): string[] {
  if (typeof value === "string") return ["run", "script", "command"].includes(key) ? value.split("\n") : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => commandsIn(one, Array.isArray(value) ? key : name));
}

for (const file of [
  ...globSync(".github/workflows/*.yaml", { cwd: projectDirectory }),
  ...globSync("docs/pipelines/*.yml", { cwd: projectDirectory }),
]) {
  test(`uses npm scripts, with options that they have, in ${file}`, async () => {
    const commands = commandsIn(parse(read(file))).filter((line) => /\bnpm\b/.test(line));
    assert.ok(commands.length > 0);
    for (const command of commands) await assertRuns(command);
  });
}

test("uses npm scripts, with options that they have, in docs/pipelines.md", async () => {
  const commands = [...page.matchAll(/`(npm [^`]+)`/g)].map(([, command = ""]) => command);
  assert.ok(commands.length > 15);
  for (const command of commands) await assertRuns(command);
});

test("documents in docs/pipelines.md what a report proposes", () => {
  const nothing = { stack: "STACK", succeeded: false, changes: [], warnings: [], errors: [] };
  const troubles = [
    {
      ...nothing,
      unfinished: "1 pending operations\n  * urn:pulumi:a::b::c::thing, interrupted while creating",
    },
    ...["currently locked by 1 lock(s)", "no stack named 'STACK' found", "snapshot integrity failure"].map(
      (error) => ({
        ...nothing,
        errors: [error],
      }),
    ),
  ].map(troubleOf);
  const commands = troubles.flatMap((trouble) => trouble?.wayOut.match(/`npm [^`]+`/g) ?? []);
  assert.equal(commands.length, 6);
  for (const command of commands)
    assert.ok(page.includes(command.replace("--file FILE", "--file state.json")), command);
});

test("reports a wrong address of Prometheus without the password in it", async () => {
  for (const address of ["htps://me:hunter2@prometheus", "https://me:hunter2%@prometheus"]) {
    const { exitCode, stdout, stderr } = await execa("node", ["scripts/pipeline.ts", "up"], {
      cwd: projectDirectory,
      env: { PROMETHEUS_URL: address },
      reject: false,
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^✗ --prometheus, PROMETHEUS_URL: .* write it like http:/);
    assert.ok(!`${stdout}${stderr}`.includes("hunter2"));
  }
});

test("names the option and the variable of a canary without a file", async () => {
  const { exitCode, stderr } = await execa("node", ["scripts/pipeline.ts", "up"], {
    cwd: projectDirectory,
    env: { CANARY: "aws-retired" },
    reject: false,
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^✗ --canary, CANARY: stacks\/Pulumi\.aws-retired\.yaml: there is no such file; /);
});

test("refuses a report that can't be written before the work", async () => {
  for (const args of [
    ["up", "--report"],
    ["preview", "--base=HEAD", "--comment"],
    ["drift", "--issue"],
  ]) {
    const { exitCode, stderr } = await execa("node", ["scripts/pipeline.ts", ...args, "no/such/report.md"], {
      cwd: projectDirectory,
      reject: false,
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`^✗ ${args.at(-1)}: ENOENT[^\\n]*$`));
  }
});

test("finds the workflow's comment by its first line", () => {
  assert.ok(read(".github/workflows/pull-request.yaml").includes(commentMarker));
});

describe("Renovate", () => {
  const { customManagers, circleci, gitlabci } = JSON.parse(read("renovate.json"));
  const files = globSync(["components/**/*.ts", "docs/pipelines/*", "scripts/**/*.ts", "test/setup/*.ts"], {
    cwd: projectDirectory,
  });
  const filesOf = ({ managerFilePatterns }: { managerFilePatterns: string[] }) =>
    files.filter((file) => managerFilePatterns.some((it) => new RegExp(it.slice(1, -1)).test(file))).sort();
  const [images, certManager, agent, modules] = customManagers;
  const foundBy = (manager: typeof images) =>
    filesOf(manager).flatMap((file) =>
      [...read(file).matchAll(new RegExp(manager.matchStrings[0], "g"))].map(({ groups }) => groups ?? {}),
    );

  test("finds every image of the Pod, and the versions beside them", () => {
    assert.deepEqual(filesOf(images), ["components/config/images.ts"]);
    assert.deepEqual(
      foundBy(images)
        .map((it) => `${it.depName}:${it.currentValue}@${it.currentDigest}`)
        .sort(),
      Object.values(defaultImages).sort(),
    );
    for (const manager of [certManager, agent]) assert.equal(foundBy(manager).length, 1);
  });

  test("finds every Go module, unless its version is another's, a commit, or the newest that can be built", () => {
    const exceptions = ["pulumi", "zot", "oci-conformance", "pulumi-resource-kubernetes"];
    const tools = Object.entries<GoTool>({ ...productTools, ...goTools, ...nodeTools });
    const releases = tools.filter(([name]) => !exceptions.includes(name));
    assert.deepEqual(
      [...new Set(foundBy(modules).map((it) => `${it.depName} ${it.currentValue}`))].sort(),
      [...new Set(releases.map(([, { module, version }]) => `${module} ${version}`))].sort(),
    );
  });

  test("finds the images of the pipelines", () => {
    assert.deepEqual(
      [circleci, gitlabci].flatMap(filesOf),
      globSync("docs/pipelines/*", { cwd: projectDirectory }).sort(),
    );
  });
});
