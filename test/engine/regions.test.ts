/** `npm run regions` with a real Pulumi backend, and real servers in place of the caches. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { execa } from "execa";
import { regionNames } from "../../components/hosts/aws/regions.ts";
import { engineEnvironment, engineProgram } from "../../scripts/engine/environment.ts";
import { forEachStack } from "../../scripts/fleet/backend.ts";
import { readStackFiles } from "../../scripts/fleet/stack-files.ts";
import type { Fleet, FleetRegion } from "../../scripts/regions/fleet.ts";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { type Imported, importedStacks } from "../support/imported-stacks.ts";
import { freePort } from "../support/ports.ts";
import { projectDirectory } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { startTlsServer, type TlsServer } from "../support/tls-server.ts";

const examples = await readStackFiles(projectDirectory, []);
const names = regionNames.filter((name) => name.startsWith("eu-"));
/** A digest as in the machine's metrics and in the outputs. */
const digest = "0123456789ab".padEnd(64, "c");

suite("regions", () => {
  const started = scope({ after });
  let project: CostProject;
  let backend: Imported;
  let well: TlsServer;

  /** The outputs of a stack with one region. */
  function outputs(region: string, of: { endpoint: string; ca?: string; topology?: string; own?: string }) {
    const { endpoint, ca, topology = "vm", own = "giantswarm/**" } = of;
    return {
      caches: {
        [region]: {
          endpoint,
          address: "127.0.0.1",
          ...(ca !== undefined && { ca: { file: "/etc/ca.crt", certificate: ca } }),
          topology,
          pod: digest,
          storage: { kind: "disk", sizeGiB: 240 },
          upstreams: [
            {
              name: "gsoci",
              registry: "gsoci.azurecr.io",
              url: "https://gsoci.azurecr.io",
              repositories: [own, "charts/giantswarm/**"],
            },
          ],
        },
      },
      monitoring: { [region]: { dashboardUid: "x", rules: { groups: [] } } },
      cost: {
        [region]: {
          region,
          provider: "aws",
          totals: { all: 100, byPayer: { us: 70.5, customer: 29.5 }, complete: true },
        },
      },
    };
  }

  function found(fleet: Fleet, stack: string): FleetRegion {
    const region = fleet.regions.find((one) => one.stack === stack);
    assert.ok(region, `${stack} isn't listed`);
    return region;
  }

  const setAws = (region: string, hostname = `cache.${region}.example.com`) =>
    project.setStack(
      `aws-${region}`,
      stackFiles.aws
        .replace("name: eu-central-1", `name: ${region}`)
        .replace(/hostname: .*/, `hostname: ${hostname}`),
    );

  before(async () => {
    backend = started.use(await importedStacks());
    project = started.use(await costProject(backend.environment));
    well = started.use(await startTlsServer());
    for (const name of names) await setAws(name);
    const [, second, third] = names;
    const port = await freePort();
    const closed = { endpoint: `https://localhost:${port}`, topology: "cluster", own: "library/**" };
    await forEachStack(names, async (name) => {
      const own =
        name === third
          ? { caches: { [name]: { endpoint: 3 } } }
          : outputs(name, name === second ? closed : well);
      await backend.withOutputs(`aws-${name}`, own);
    });
    await project.setStack("azure-westeurope", stackFiles.azure);
    await backend.init("azure-westeurope");
    await project.setStack(
      "azure-northeurope",
      "config: { registry-cache:provider: azure, registry-cache:regions: [] }\n",
    );
    await backend.withOutputs("gone", outputs("eu-central-1", well));
  });

  test("lists the stacks of files and backend, with the state of each", async () => {
    const start = performance.now();
    const { exitCode, stdout, stderr } = await project.regions("list", "--format", "json");
    const seconds = (performance.now() - start) / 1000;
    // The target is 3 s with two idle processors: the engine is asked twice for each stack.
    assert.ok(seconds < 25, `${seconds} s`);
    console.log(`${names.length + 2} regions in ${seconds.toFixed(1)} s`);

    const fleet: Fleet = JSON.parse(stdout);
    const [first = "", second = "", third = ""] = names;
    const ok = found(fleet, `aws-${first}`);
    assert.equal(ok.health?.ok, true);
    assert.deepEqual([ok.provider, ok.topology, ok.upstreams], ["aws", "vm", ["gsoci.azurecr.io"]]);
    assert.deepEqual(ok.cost, { usd: 70.5, complete: true, from: "outputs" });
    assert.deepEqual([ok.pod, ok.changed], [{ wanted: digest }, ["endpoint"]]);
    assert.ok(Date.parse(ok.updated ?? "") > Date.now() - 600_000);

    const refused = found(fleet, `aws-${second}`);
    assert.deepEqual([refused.health?.ok, refused.health?.reached], [false, false]);
    assert.deepEqual(refused.health?.problems, ["the connection is refused"]);
    assert.deepEqual(refused.changed, ["endpoint", "topology", "upstreams"]);

    const never = found(fleet, "azure-westeurope");
    assert.deepEqual([never.state, never.health, never.cost?.from], ["not up", undefined, "file"]);
    assert.ok((never.cost?.usd ?? 0) > 10);

    const unread = found(fleet, `aws-${third}`);
    assert.deepEqual([unread.health, unread.cost?.from], [undefined, "file"]);
    assert.deepEqual([unread.state, unread.changed], ["up", undefined]);
    assert.deepEqual(found(fleet, "gone").changed, undefined);

    assert.equal(fleet.regions.length, names.length + 2);
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      new RegExp(`^✗ aws-${third}: its outputs can't be read: its outputs are of another version`, "m"),
    );
    assert.match(stderr, /^✗ stacks\/Pulumi\.azure-northeurope\.yaml: /m);
    assert.equal(stderr.match(/^✗/gm)?.length, fleet.problems.length);
  });

  test("lists only the named stacks", async () => {
    const [first, second] = names.map((name) => `aws-${name}`);
    const { exitCode, stdout, stderr } = await project.regions(String(first), String(second));
    assert.deepEqual([exitCode, stderr], [0, ""]);
    const line = (start: string) => stdout.split("\n").find((one) => one.startsWith(`${start} `));
    assert.match(
      line(String(first)) ?? "",
      /aws vm +localhost:\d+ +gsoci\.azurecr\.io +20\d\d-\d\d-\d\d \d\d:\d\d +ok, \d\.\d\d s +364 d +wanted 01234567 +pinned +changed: endpoint +\$70\.50$/,
    );
    assert.match(line(String(second)) ?? "", / not reached /);
    assert.match(stdout, new RegExp(`^${second}: the connection is refused$`, "m"));
    assert.match(stdout, /^All +\$141\.00$/m);
  });

  test("shows a line for each region in status, and fails for an unhealthy one", async () => {
    const [first, second] = names.map((name) => `aws-${name}`);
    const healthy = await project.regions("status", String(first), "azure-westeurope");
    assert.deepEqual([healthy.exitCode, healthy.stderr], [0, ""]);
    assert.match(
      healthy.stdout,
      new RegExp(`^${first} +ok, \\d\\.\\d\\d s; certificate 364 d\nazure-westeurope  not up$`),
    );
    const sick = await project.regions("status", String(first), String(second));
    assert.equal(sick.exitCode, 1);
    assert.match(sick.stdout, new RegExp(`^${second} +not reached; the connection is refused$`, "m"));
  });

  test("names an unknown stack, and shows the others", async () => {
    const { exitCode, stdout, stderr } = await project.regions(
      "status",
      `aws-${names[0]}`,
      "aws-eu-centrall-1",
    );
    assert.equal(exitCode, 1);
    assert.match(stdout, new RegExp(`^aws-${names[0]}  ok`));
    assert.match(stderr, /^✗ aws-eu-centrall-1: there is no such stack: did you mean "aws-eu-central-1"\?$/m);
  });

  test("shows the commit of the last update, which a refresh leaves", async () => {
    const own = started.use(await costProject(backend.environment));
    const [region = ""] = names;
    const stack = "commit";
    await writeFile(
      join(own.directory, "start.js"),
      `module.exports = ${JSON.stringify(outputs(region, well))};`,
    );
    await writeFile(join(own.directory, ".gitignore"), "node_modules\n");
    await symlink(join(projectDirectory, "node_modules"), join(own.directory, "node_modules"));
    const env = { ...engineEnvironment(), ...backend.environment };
    const engine = (...args: string[]) =>
      execa(engineProgram, [...args, "--stack", stack, "--non-interactive"], { cwd: own.directory, env });
    const commit = async () => {
      const { stdout } = await own.regions("list", stack, "--format", "json");
      return found(JSON.parse(stdout), stack).commit;
    };
    await backend.init(stack);
    await engine("up", "--yes");
    assert.equal(await commit(), undefined);
    // With the stack's file, which the first update has written.
    await own.commit();
    const git = await execa("git", ["rev-parse", "HEAD"], { cwd: own.directory });
    await engine("up", "--yes");
    const clean = { head: git.stdout, isDirty: false, isComplete: true };
    assert.deepEqual(await commit(), clean);
    await writeFile(join(own.directory, "start.js"), "throw new Error('broken');");
    await assert.rejects(engine("up", "--yes", "--skip-preview"));
    await engine("refresh", "--yes");
    assert.deepEqual(await commit(), { ...clean, isDirty: true, isComplete: false });
    const { stdout } = await own.regions(stack);
    assert.match(stdout, new RegExp(`  ${git.stdout.slice(0, 8)}-dirty, failed  `));
  });

  test("treats a misspelt command as a stack, and names the command", async () => {
    const { exitCode, stderr } = await project.regions("stauts");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^✗ stauts: there is no such stack: .*\nDid you mean the command `status`\?$/m);
  });

  test("runs the commands of docs/fleet.md", async () => {
    const { environment } = started.use(await importedStacks());
    const fresh = started.use(await costProject(environment));
    for (const { name, text } of examples.stacks) await fresh.setStack(name, text);
    const page = await readFile(join(projectDirectory, "docs", "fleet.md"), "utf8");
    const lines = [...page.matchAll(/^(?:\$ |\| `)?npm run (?:--silent )?regions\b(?: --)?([^`\n]*)/gm)].map(
      ([, words = ""]) => words.trim(),
    );
    assert.ok(lines.length > 8);
    for (const line of new Set(lines.filter((line) => !line.includes("--watch")))) {
      const { exitCode, stdout, stderr } = await fresh.regions(
        ...line.split(/\s+/).filter((word) => word !== ""),
      );
      const isQuiet = line.startsWith("html");
      assert.ok(exitCode !== 2 && (isQuiet || stdout !== ""), `${line}: ${exitCode} ${stderr}`);
      if (/^(?:add|check)/.test(line)) assert.deepEqual([exitCode, stderr], [0, ""], line);
    }
    assert.match(
      await readFile(join(fresh.directory, "regions.html"), "utf8"),
      /<th scope="row">local<\/th>/,
    );
    const again = await fresh.regions("add", "aws", "eu-north-1");
    assert.equal(again.exitCode, 1);
    assert.match(
      again.stderr,
      /^✗ stacks\/Pulumi\.aws-eu-north-1\.yaml: already exists: nothing was written\. Name another one with --stack$/,
    );
    const wrong = await fresh.regions("add", "aws", "eu-nroth-1");
    assert.match(wrong.stderr, /did you mean "eu-north-1"\?\nNothing was written\.$/);
    assert.ok(!existsSync(join(fresh.directory, "stacks", "Pulumi.aws-eu-nroth-1.yaml")));
  });

  test("check reports what Pulumi refuses in Pulumi.yaml, in its words", async () => {
    const own = started.use(await costProject());
    await own.setStack("aws-eu-central-1", stackFiles.aws);
    const file = join(own.directory, "Pulumi.yaml");
    const text = await readFile(file, "utf8");
    const checked = async (changed: string) => {
      await writeFile(file, changed);
      const { exitCode, stderr } = await own.regions("check");
      assert.equal(exitCode, 1);
      return stderr;
    };
    const unknown = await checked(`${text}\nbackend: { uri: s3://state }\n`);
    assert.match(unknown, /^✗ Pulumi\.yaml: .*#\/backend: .*'uri' not allowed; did you mean 'url'\?$/s);
    const newer = await checked(text.replace(">=3.259.0", ">=4.0.0"));
    assert.match(newer, /^✗ Pulumi\.yaml: .*does not satisfy the version range ">=4\.0\.0"$/);
    const unnamed = await checked(text.replace("    value:\n      labels", "    valu:\n      labels"));
    assert.match(unnamed, /^✗ stacks\/Pulumi\.aws-eu-central-1\.yaml: Pulumi\.yaml: [^✗]*$/);
  });

  test("check reports a file's problems without the engine, too", async () => {
    const own = started.use(await costProject({ PULUMI_HOME: "/dev/null/home" }));
    await own.setStack("aws-eu-central-1", `${stackFiles.aws}  registry-cache:upstream: []\n`);
    const { exitCode, stderr } = await own.regions("check");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^✗ stacks\/Pulumi\.aws-eu-central-1\.yaml: upstream: unknown key/);
    assert.match(stderr, /✗ Making the directory of the Pulumi engine failed/);
  });

  test("shows the files when the backend can't be reached or read", async () => {
    for (const PULUMI_BACKEND_URL of [
      "file:///nowhere",
      "s3://registry-cache-state?endpoint=127.0.0.1:1&region=eu-central-1",
    ]) {
      const unreachable = started.use(await costProject({ ...backend.environment, PULUMI_BACKEND_URL }));
      await unreachable.setStack("aws-eu-central-1", stackFiles.aws);
      const { exitCode, stdout, stderr } = await unreachable.regions();
      assert.equal(exitCode, 1);
      assert.match(stderr, /^✗ the Pulumi backend: can't be read, so this is from the stack files alone: /m);
      assert.match(
        stdout,
        /^aws-eu-central-1 +aws vm +cache\.eu-central-1\.example\.com .* unknown +pinned +\$[\d.]+ \*$/m,
      );
    }
  });
});
