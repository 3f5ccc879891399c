/** How the acceptance asks a cloud what it still has of a stack. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOver } from "../../scripts/accept/left-over.ts";
import { configurationsOf } from "../../scripts/cost/configurations.ts";
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

test("AWS, in each region and where roles are", async () => {
  const { left, calls } = await ask("aws-eu-central-1", "aws", `echo '["arn:of-something"]'`);
  assert.deepEqual(left, ["arn:of-something", "arn:of-something"]);
  const regions = calls.map((call) => call[call.indexOf("--region") + 1]);
  assert.deepEqual(regions.sort(), ["eu-central-1", "us-east-1"]);
});

test("Azure, resources and groups", async () => {
  const { left, calls } = await ask("azure-westeurope", "az", "echo '[]'");
  assert.deepEqual(left, []);
  assert.deepEqual(calls.map(([, kind]) => kind).sort(), ["group", "resource"]);
  assert.ok(calls.every((call) => call.includes("stack=azure-westeurope")));
});

test("a program that can't ask is no proof that nothing is left", async () => {
  await assert.rejects(ask("aws-eu-central-1", "aws", "echo no credentials >&2; exit 1"), /no credentials/);
});
