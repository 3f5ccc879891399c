/** The pull request comment about a change, made by this project's own program against a double of the account. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { engineProgram } from "../../scripts/engine/environment.ts";
import { aws } from "../support/cloud-aws.ts";
import { doubleProject } from "../support/double-project.ts";
import { credentials, privateUpstream } from "../support/private-stack.ts";
import { projectDirectory, withKey, withPolicies } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { type Config, keysOf } from "../support/stack-files.ts";

test("shows a replacement in bold with its reason and costs, no secret, and other stacks after one that fails", async (t) => {
  const parts = scope(t);
  const project = parts.use(await doubleProject(aws.newCloud()));
  const { directory, options } = project;
  const stack = "aws-eu-central-1";
  const file = join(directory, "stacks", `Pulumi.${stack}.yaml`);
  const keys = keysOf(aws.file);
  const [region] = keys.regions as Config[];

  /** Writes the file, and keeps what the initialization and the secrets have added. */
  async function configure(more: Config): Promise<void> {
    const { config = {}, ...rest } = parse(await readFile(file, "utf8").catch(() => "{}"));
    const all = { ...keys, upstreams: [privateUpstream], regions: [{ ...region, ...more }] };
    const own = Object.entries(all).map(([key, value]) => [`registry-cache:${key}`, value]);
    await writeFile(file, stringify({ ...rest, config: { ...config, ...Object.fromEntries(own) } }));
  }

  const pulumi = (...args: string[]) =>
    execa(engineProgram, [...args, "--non-interactive", "--stack", stack], options);
  await configure({});
  await pulumi("stack", "init", ...withKey);
  for (const [name, value] of Object.entries(credentials)) {
    await pulumi("config", "set", "--secret", "--path", `registry-cache:team-login.${name}`, value);
  }
  await pulumi("up", "--yes", "--skip-preview");
  await project.commit();
  await configure({ machine: { image: aws.otherImage }, storage: { kind: "disk", size: "900GiB" } });
  await project.setStack("aws-eu-north-1", await readFile(file, "utf8"));

  const rights = async (...args: string[]) => {
    const command = join(projectDirectory, "scripts", "rights.ts");
    const { stdout } = await execa("node", [command, stack, ...args], options);
    return stdout;
  };
  const files = (await rights("--out", "rights")).split("\n");
  const written = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  const read = JSON.parse(await rights("--preview"));
  assert.match(written.join(), /"arn:aws:iam::123456789012:role\/registry-cache-eu-central-1"/);
  assert.match(written.join(), /"ec2:RunInstances"/);
  assert.doesNotMatch(JSON.stringify(read), /"\w+:(?:Create|Delete|Put|Run|Pass)/);
  await rm(join(directory, "rights"), { recursive: true });

  const script = join(projectDirectory, "scripts", "pipeline.ts");
  const preview = (...args: string[]) =>
    execa("node", [script, "preview", "--base", "HEAD", ...args], { ...options, reject: false });
  const { exitCode, stdout, stderr } = await preview("--comment", "comment.md");
  assert.equal(exitCode, 1);
  assert.equal(stdout, (await readFile(join(directory, "comment.md"), "utf8")).trimEnd());
  assert.match(stdout, /^<!-- registry-cache: preview -->\n/);
  assert.match(
    stdout,
    /2 stacks touched .* \*\*1 preview failed\.\*\* \*\*1 stack would lose or replace resources\.\*\*/,
  );
  assert.match(stdout, /\| aws-eu-central-1 \| its file \| \*\*\d\*\* \|/);
  assert.match(stdout, /^- \*\*replace Instance `eu-central-1`\*\*: .*`ami`/m);
  assert.match(stdout, /^- update Volume `eu-central-1`: `size`/m);
  assert.doesNotMatch(stdout, /Stash/, "nothing in a cloud");
  assert.match(stdout, /aws-eu-north-1: failed.*The backend has no such stack\./s);
  assert.match(stdout, /### Cost of the registry caches\n\n\*\*.*Change against `HEAD`: \+\$/);
  for (const form of [credentials.password, Buffer.from(credentials.password).toString("base64")]) {
    assert.ok(!`${stdout}${stderr}`.includes(form));
  }

  await configure({ access: { clients: "public" }, endpoint: { ...Object(region?.endpoint), port: 8443 } });
  const refused = await preview(stack, ...withPolicies);
  assert.equal(refused.exitCode, 1);
  const [told = "", warnings = ""] = refused.stdout.split("Warnings:");
  assert.match(told, /^policy open-ports, eu-central-1: .*opens port 8443 to everyone/ms);
  assert.doesNotMatch(warnings, /open-ports/);

  await writeFile(join(directory, "policies.json"), '{"open-ports":{"publicPorts":[8443]}}');
  const allowed = await preview(stack, ...withPolicies, "--policy-pack-config", "policies.json");
  assert.equal(allowed.exitCode, 0, allowed.stdout);
});
