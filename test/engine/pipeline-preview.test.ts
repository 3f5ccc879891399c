/** The comment on a change of this project's own program, in an account that a double stands in for. */
import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { engineEnvironment, engineProgram, ensureEngine } from "../../scripts/setup/engine.ts";
import { serve } from "../doubles/serve.ts";
import { serveApi } from "../doubles/serve-api.ts";
import { aws } from "../support/cloud-aws.ts";
import { costProject } from "../support/cost-project.ts";
import { credentials, privateUpstream } from "../support/private-stack.ts";
import { projectDirectory, withPolicies } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { type Config, keysOf } from "../support/stack-files.ts";

test("a replacement is in bold, with its reason and what it costs; a secret is nowhere; a stack that fails stops no other", async (t) => {
  await ensureEngine();
  const parts = scope(t);
  const project = parts.use(await costProject());
  const { directory } = project;
  for (const name of ["components", "index.ts", "start.js", "package.json", "node_modules"]) {
    await symlink(join(projectDirectory, name), join(directory, name));
  }
  await mkdir(join(directory, "state"));
  await writeFile(join(directory, ".gitignore"), "node_modules\nstate\n");
  const cloud = aws.newCloud();
  const api = parts.use(await serveApi(cloud));
  const options = {
    cwd: directory,
    env: {
      ...engineEnvironment(),
      ...api.environment,
      PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of no use to anyone",
      PULUMI_DEBUG_PROVIDERS: parts.use(await serve(cloud)).address,
    },
    stdin: "ignore",
  } as const;
  const stack = "aws-eu-central-1";
  const file = join(directory, "stacks", `Pulumi.${stack}.yaml`);
  const keys = keysOf(aws.file);
  const [region] = keys.regions as Config[];

  /** What the initialization and the secrets have put into the file stays. */
  async function configure(more: Config): Promise<void> {
    const { config = {}, ...rest } = parse(await readFile(file, "utf8").catch(() => "{}"));
    const all = { ...keys, upstreams: [privateUpstream], regions: [{ ...region, ...more }] };
    const own = Object.entries(all).map(([key, value]) => [`registry-cache:${key}`, value]);
    await writeFile(file, stringify({ ...rest, config: { ...config, ...Object.fromEntries(own) } }));
  }

  const pulumi = (...args: string[]) =>
    execa(engineProgram, [...args, "--non-interactive", "--stack", stack], options);
  await configure({});
  await pulumi("stack", "init");
  for (const [name, value] of Object.entries(credentials)) {
    await pulumi("config", "set", "--secret", "--path", `registry-cache:team-login.${name}`, value);
  }
  await pulumi("up", "--yes", "--skip-preview");
  await project.commit();
  await configure({ machine: { image: aws.otherImage }, storage: { kind: "disk", size: "900GiB" } });
  await project.setStack("aws-eu-north-1", await readFile(file, "utf8"));

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
  assert.match(refused.stdout, /^policy open-ports, eu-central-1: .*opens port 8443 to everyone/ms);
});
