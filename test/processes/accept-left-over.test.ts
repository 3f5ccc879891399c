/** How the acceptance run asks a cloud what it still has of a stack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accept, stepNames } from "../../scripts/accept/acceptance.ts";
import { leftOver } from "../../scripts/accept/left-over.ts";
import { Engine } from "../../scripts/engine/engine.ts";
import { configurationsOf } from "../../scripts/fleet/configurations.ts";
import { readStackFiles } from "../../scripts/fleet/stack-files.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory } from "../support/project.ts";

const once = { minutes: 0, pauseSeconds: 0 };

async function ask(stack: string, program: string, answer: string) {
  await using programs = await fakePrograms({ [program]: answer });
  const { PATH } = process.env;
  process.env.PATH = programs.env.PATH;
  try {
    const { configurations } = configurationsOf(await readStackFiles(projectDirectory, [stack]));
    const config = configurations[0]?.config ?? assert.fail(`there is no ${stack}`);
    return { left: await leftOver(config, stack, once), calls: await programs.calls() };
  } finally {
    process.env.PATH = PATH;
  }
}

/** GetResources lists no roles: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
test("asks AWS in each region, and for roles by the stack's names", async () => {
  const role = "arn:aws:iam::123456789012:role/platform/registry-cache-eu-central-1";
  const answer = `case $1 in iam) echo '["${role}", "${role}-nodes", "${role}2", "${role.replace("central", "west")}"]' ;; *) echo '["arn:of-something"]' ;; esac`;
  const { left, calls } = await ask("aws-eu-central-1", "aws", answer);
  assert.deepEqual(left, ["arn:of-something", "arn:of-something", role, `${role}-nodes`]);
  const indexed = calls.filter(([, service]) => service === "resourcegroupstaggingapi");
  const regions = indexed.map((call) => call[call.indexOf("--region") + 1]);
  assert.deepEqual(regions.sort(), ["eu-central-1", "us-east-1"]);
  const [roles = []] = calls.filter(([, service]) => service === "iam");
  assert.ok(roles.includes("list-roles") && roles.includes("/"), roles.join(" "));
});

test("asks Azure for resources and groups", async () => {
  const { left, calls } = await ask("azure-westeurope", "az", "echo '[]'");
  assert.deepEqual(left, []);
  assert.deepEqual(calls.map(([, kind]) => kind).sort(), ["group", "resource"]);
  assert.ok(calls.every((call) => call.includes("stack=azure-westeurope")));
});

test("fails if a program can't ask, because that doesn't prove that nothing is left", async () => {
  await assert.rejects(ask("aws-eu-central-1", "aws", "echo no credentials >&2; exit 1"), /no credentials/);
});

test("doesn't wait for what isn't destroyed", async () => {
  const { configurations } = configurationsOf(await readStackFiles(projectDirectory, ["aws-eu-central-1"]));
  const { config, path } = configurations[0] ?? assert.fail("there is no such stack");
  const steps = await accept({
    engine: new Engine(projectDirectory),
    stack: "aws-eu-central-1",
    name: "aws-eu-central-1",
    config,
    file: path,
    images: [],
    without: stepNames.filter((name) => name !== "left"),
    tell: () => {},
  });
  assert.deepEqual(steps.at(-1)?.said, ["without `destroy`, all of it is left"]);
  assert.equal(steps.at(-1)?.result, "left out");
});
