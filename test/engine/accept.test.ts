/** The acceptance run of a stack against a double of the account. It can't pull anything, because nothing runs there. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { engineProgram } from "../../scripts/engine/environment.ts";
import { awsCluster } from "../support/cloud-aws-cluster.ts";
import { doubleProject } from "../support/double-project.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { projectDirectory, withKey } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

test("creates, changes, upgrades and destroys a cluster, and reports what is left", async (t) => {
  const parts = scope(t);
  const { cloud, clusters } = awsCluster.newAccount();
  const project = parts.use(await doubleProject(cloud, [clusters]));
  const { directory, options } = project;
  const stack = "aws-us-east-1";
  await project.setStack(stack, await readFile(join(projectDirectory, awsCluster.file), "utf8"));

  // Everything that stacks create has their tags.
  const made = () => cloud.things().map(({ id }) => id);
  const index = createServer((_, response) => void response.end(JSON.stringify(made())));
  await new Promise<void>((resolve) => index.listen(0, "127.0.0.1", resolve));
  t.after(() => index.close());
  const { port } = index.address() as AddressInfo;
  const programs = parts.use(await fakePrograms({ aws: `curl --silent http://127.0.0.1:${port}/` }));
  const env = { ...options.env, PATH: `${programs.directory}:${options.env.PATH}` };
  const pulumi = (...args: string[]) =>
    execa(engineProgram, [...args, "--non-interactive", "--stack", stack], { ...options, env });
  const script = join(projectDirectory, "scripts", "accept.ts");
  const run = (...args: string[]) =>
    execa("node", [script, stack, ...args], { ...options, env, all: true, reject: false });

  assert.match((await run("--yes")).all, /the backend has no such stack/);
  await pulumi("stack", "init", ...withKey);
  assert.match((await run()).all, /without a terminal, add --yes/);
  assert.deepEqual(made(), []);

  const accepted = await run("--yes", "--without", "pull", "--report", "report.json");
  const { succeeded, steps } = JSON.parse(await readFile(join(directory, "report.json"), "utf8"));
  assert.equal(accepted.exitCode, 0, accepted.all);
  assert.ok(succeeded);
  const results = steps.map(({ name, result }: Record<string, string>) => `${name} ${result}`);
  assert.deepEqual(results, [
    "up passed",
    "unchanged passed",
    "pull left out",
    "edit passed",
    "upgrade passed",
    "destroy passed",
    "left passed",
  ]);
  const said = (name: string): string[] => steps.find((step: { name: string }) => step.name === name).said;
  assert.ok(said("edit").some((change) => change.startsWith("update Deployment ")));
  assert.ok(said("upgrade").some((change) => change.startsWith("update Cluster ")));
  assert.deepEqual(made(), []);
  const asked = await programs.calls();
  assert.ok(
    asked.some((it) => it.includes("resourcegroupstaggingapi") && it.includes(`Key=stack,Values=${stack}`)),
  );
  assert.ok(asked.some((it) => it.includes("list-roles")));

  // EKS writes its last logs after the cluster is deleted. The next preview says how to delete them.
  const { stderr, stdout } = await pulumi("preview").catch((error) => error);
  const [, logGroup = ""] =
    `${stdout}${stderr}`.match(/aws logs delete-log-group .* --log-group-name ([^\s`]+)/) ?? [];
  const late = cloud.find("aws:cloudwatch/logGroup:LogGroup", logGroup, "us-east-1");
  assert.ok(late, stdout);
  cloud.remove(late);

  const interrupted = run("--yes");
  await waitUntil("something is made", () => made().length > 0, 60_000);
  interrupted.kill("SIGTERM");
  const { exitCode, all } = await interrupted;
  assert.equal(exitCode, 1, all);
  assert.match(all, /SIGTERM: waiting for 1 stack to finish what it has begun.*✗ up .*✓ destroy /s);
  assert.deepEqual(made(), []);

  await pulumi("up", "--yes", "--skip-preview");
  const before = made();
  assert.match((await run("--yes")).all, /is up already/);
  assert.deepEqual(made(), before);
});
