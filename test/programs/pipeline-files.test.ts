/** What CI systems are told to run can be run, and what documents say of it. The workflows themselves are linted: scripts/check.ts. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { defaultImages } from "../../components/config/images.ts";
import { pipelineProgram } from "../../scripts/pipeline/arguments.ts";
import { commentMarker } from "../../scripts/pipeline/comment.ts";
import { troubleOf } from "../../scripts/pipeline/trouble.ts";
import { projectDirectory } from "../support/project.ts";

const read = (file: string) => readFileSync(join(projectDirectory, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const page = read("docs/pipelines.md");

/** @throws Error for a command or an option that isn't there. */
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

/** All texts in a YAML document under the keys of commands. */
function commandsIn(value: unknown, key = ""): string[] {
  if (typeof value === "string") return ["run", "script", "command"].includes(key) ? value.split("\n") : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => commandsIn(one, Array.isArray(value) ? key : name));
}

for (const file of [
  ...globSync(".github/workflows/*.yaml", { cwd: projectDirectory }),
  ...globSync("docs/pipelines/*.yml", { cwd: projectDirectory }),
]) {
  test(`${file}: its commands are npm scripts, with options that they have`, async () => {
    const commands = commandsIn(parse(read(file))).filter((line) => /\bnpm\b/.test(line));
    assert.ok(commands.length > 0);
    for (const command of commands) await assertRuns(command);
  });
}

test("docs/pipelines.md: its commands are npm scripts, with options that they have", async () => {
  const commands = [...page.matchAll(/`(npm [^`]+)`/g)].map(([, command = ""]) => command);
  assert.ok(commands.length > 15);
  for (const command of commands) await assertRuns(command);
});

test("what a report proposes is in docs/pipelines.md", () => {
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

test("an address of Prometheus that is wrong is said without the password in it", async () => {
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

test("a report that can't be written is refused before the work", async () => {
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

test("the workflow finds its comment by the line that it begins with", () => {
  assert.ok(read(".github/workflows/pull-request.yaml").includes(commentMarker));
});

test("Renovate finds every image of the Pod", () => {
  const [manager] = JSON.parse(read("renovate.json")).customManagers;
  const found = [...read("components/config/images.ts").matchAll(new RegExp(manager.matchStrings[0], "g"))];
  assert.deepEqual(
    found.map(({ groups }) => `${groups?.depName}:${groups?.currentValue}@${groups?.currentDigest}`).sort(),
    Object.values(defaultImages).sort(),
  );
  assert.match("components/config/images.ts", new RegExp(manager.managerFilePatterns[0].slice(1, -1)));
});
