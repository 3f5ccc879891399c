/** The cost review of what a real Pulumi backend has. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type CostProject, costProject, reviewIn, stackFiles } from "../support/cost-project.ts";
import { type Imported, importedStacks } from "../support/imported-stacks.ts";
import { scope } from "../support/scope.ts";

suite("cost --backend", () => {
  const started = scope({ after });
  let project: CostProject;
  let backend: Imported;

  before(async () => {
    backend = started.use(await importedStacks());
    project = started.use(await costProject(backend.environment));
  });

  test("the stacks that were brought up are reported, and the others are named with what to do", async () => {
    await project.setStack("deployed", stackFiles.aws);
    const { stdout: before } = await project.cost("--format", "json");
    const estimate = reviewIn(before).regions[0]?.estimate;
    await backend.withOutputs(project.directory, "deployed", { cost: { "eu-central-1": estimate } });
    await backend.withOutputs(project.directory, "older", { caches: {} });
    await backend.withOutputs(project.directory, "newer", { cost: { "eu-central-1": { amount: 3 } } });
    await backend.init(project.directory, "never");
    // What is in the files now isn't what is deployed.
    await project.setStack("deployed", stackFiles.azure);

    const { exitCode, stdout, stderr } = await project.cost("--backend");
    assert.equal(exitCode, 1);
    assert.match(stdout, /^deployed, eu-central-1 +\$\d/m);
    assert.match(stdout, new RegExp(`^All +\\$${estimate?.range?.expectedUSD.toFixed(2)} `, "m"));
    assert.match(stdout, /estimated from the outputs of the stacks/);
    assert.match(stderr, /^✗ never: was never brought up, /m);
    assert.match(stderr, /^✗ older: has no output `cost`/m);
    assert.match(stderr, /^✗ newer: has an output `cost` of another version/m);
  });

  test("named stacks only", async () => {
    const { exitCode, stdout, stderr } = await project.cost("--backend", "deployed");
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.match(stdout, /^deployed, eu-central-1 +\$\d/m);
    const unknown = await project.cost("--backend", "unknown");
    assert.equal(unknown.stdout, "");
    assert.match(unknown.stderr, /^✗ unknown: the backend has no such stack: it has deployed, /m);
  });

  test("a backend that can't be reached: the stack files are reported", async () => {
    const unreachable = started.use(
      await costProject({ ...backend.environment, PULUMI_BACKEND_URL: "file:///nowhere" }),
    );
    await unreachable.setStack("one", stackFiles.aws);
    const { exitCode, stdout, stderr } = await unreachable.cost("--backend");
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^✗ --backend: the Pulumi backend can't be asked, so this is from the stack files: /m,
    );
    assert.match(stdout, /^one, eu-central-1 +\$\d/m);
  });
});
