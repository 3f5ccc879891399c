/** docs/day-2.md: a region whose state is lost can be adopted, or created again next to its remaining resources. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { access, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { engineProgram } from "../../scripts/engine/environment.ts";
import type { Thing } from "../doubles/cloud.ts";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { clusterFiles, clusterStack } from "../support/cluster-files.ts";
import { privateConfig } from "../support/private-region.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const isRecord = ({ type }: { type: string }) =>
  /^(?:Record|RecordSet|PrivateRecordSet)$/.test(lastPart(type));

/** The double's subscription. */
process.env.ARM_SUBSCRIPTION_ID = "11111111-2222-4333-8444-555555555555";

const page = readFileSync("docs/day-2.md", "utf8");
const section = page.slice(page.indexOf("\n## The state is lost\n"));
/** The commands of the block that adopts, `adopt --strict --out import.json`, `pulumi import …`, each with its arguments and without the stack. */
const commands = (section.match(/```sh\n\s*(rm -f import.*?)```/s)?.[1] ?? "")
  .trim()
  .split(/ &&\n/)
  .map((line) => {
    const words = line
      .trim()
      .replace(/^npm run (\S+) --/, "$1")
      .split(" ");
    return words.filter((word) => word !== "--stack" && word !== "aws-eu-central-1");
  });

/** Does what the page says for a stack whose state exists and whose key is gone, until and with `stack init`. */
async function startAgain(stack: CloudStack): Promise<void> {
  const [, removal = ""] =
    section.match(/`npm run pulumi -- (stack rm [^`]+) --stack aws-eu-central-1`/) ?? [];
  const directory = dirname(stack.file);
  const name = basename(stack.file, ".yaml").slice("Pulumi.".length);
  // `stack init` writes next to the project file.
  await writeFile(join(directory, "Pulumi.yaml"), stringify({ name: namespace, runtime: "nodejs" }));
  const pulumi = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    execa(engineProgram, [...args, "--stack", name, "--non-interactive"], {
      cwd: directory,
      env: { ...stack.environment, ...env },
    });
  const text = await readFile(stack.file, "utf8");
  assert.match(text, /^encryptedkey: /m);
  await writeFile(stack.file, text.replace(/^encryptedkey: .*\n/m, ""));
  await pulumi(removal.split(" "), { AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1", AWS_MAX_ATTEMPTS: "1" });
  await pulumi(["stack", "init", "--secrets-provider", "awskms://alias/another?region=eu-central-1"]);
  assert.match(await readFile(stack.file, "utf8"), /^secretsprovider: .*another.*\n+encryptedkey: /m);
}

/** Runs the page's commands after `stack init`, except for those for passwords, because the test's stack has none. */
async function followPage(stack: CloudStack, directory: string): Promise<void> {
  const [remove, init, password, ...others] = commands;
  assert.deepEqual(remove, ["rm", "-f", "import*.json"]);
  assert.deepEqual(init?.slice(0, 3), ["pulumi", "stack", "init"]);
  assert.deepEqual(password?.slice(0, 3), ["pulumi", "config", "set"]);
  assert.deepEqual(
    others.map(([program, operation]) => (program === "adopt" ? program : operation)),
    ["adopt", "import", "preview"],
  );
  for (const [program, ...args] of others) {
    const placed = args.map((it) => (it === "import.json" ? join(directory, it) : it));
    const [operation = "", ...rest] = placed;
    if (program === "adopt") {
      const { exitCode, stdout, stderr } = await stack.script("scripts/adopt.ts", ...placed);
      assert.equal(exitCode, 0, stderr);
      for (const line of importsIn(stdout).slice(1)) assert.match(line, /import-2\.json/);
    } else if (operation === "import") {
      assert.ok(rest.includes("--yes"));
      await succeeds(
        stack,
        "import",
        rest.filter((it) => it !== "--yes"),
      );
    } else {
      await succeeds(stack, "preview");
    }
  }
}

/** @param others matches other allowed operations, each as `create Instance eu-central-1` */
async function upOnlyUpdates(stack: CloudStack, others?: RegExp): Promise<void> {
  const { changes } = await succeeds(stack, "up");
  assert.deepEqual(
    changes.filter((it) => !it.startsWith("update ") && !others?.test(it)),
    [],
  );
}

function importsIn(text: string): string[] {
  return text.split("\n").filter((line) => line.includes("npm run pulumi -- import"));
}

/** Configures a private, governed stack with a private link, so that it has every resource that can be adopted. */
async function configured(starting: Promise<CloudStack>, file: string): Promise<CloudStack> {
  const stack = await starting;
  await stack.configure(...privateConfig(file));
  return stack;
}

describe("a region whose state is lost", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      let directory: string;
      let lost: CloudStack;

      before(async () => {
        directory = parts.use(await tempDir()).path;
        lost = parts.use(await configured(cloudStack(file, cloud), file));
        await succeeds(lost, "up");
        lost.done();
      });

      test("is adopted with all its resources by the page's commands, after its state without a key is removed", async () => {
        const left = cloud.things();
        const { exitCode, stderr } = await lost.script("scripts/adopt.ts");
        assert.equal(exitCode, 1);
        assert.match(stderr, /nothing was found that the state lacks.*Nothing was written/s);
        await startAgain(lost);
        await followPage(lost, directory);
        assert.deepEqual(lost.done(), [], "the cloud isn't changed");
        await upOnlyUpdates(lost);
        const ids = (things: typeof left) => things.map(({ id }) => id).sort();
        assert.deepEqual(ids(cloud.things()), ids(left));
        await succeeds(lost, "up", ["--expect-no-changes"]);
        assert.match((await lost.run("destroy")).messages, /cannot be deleted\s+because it is protected/);
        assert.ok(lost.done().every((operation) => operation.startsWith("update ")));
      });

      test("creates nothing in an up, which finds that its name is taken", async () => {
        const left = cloud.things();
        const again = parts.use(await configured(cloudStack(file, cloud), file));
        const { failed, messages } = await again.run("up");
        assert.ok(failed);
        assert.match(
          messages,
          /endpoint\.hostname: .* record of \S+ already exists and isn't this stack's: /,
        );
        assert.deepEqual(again.done(), []);
        for (const thing of left) assert.ok(cloud.things().includes(thing), thing.id);
        const network = left.find(({ type }) => lastPart(type) === "Vpc");
        if (network) await refusesWhatIsntCertain(left, network);
      });

      /** With a second network that has the same tags, and without a record. */
      async function refusesWhatIsntCertain(left: readonly Thing[], network: Thing): Promise<void> {
        const record = left.find(isRecord);
        assert.ok(record);
        const twin = { ...network, id: `${network.id}0` };
        cloud.keep(twin);
        cloud.remove(record);
        const out = join(directory, "none.json");
        const stack = parts.use(await configured(cloudStack(file, cloud), file));
        const { exitCode, stderr } = await stack.script("scripts/adopt.ts", "--strict", "--out", out);
        assert.equal(exitCode, 1);
        assert.match(stderr, new RegExp(`✗ Vpc \\S+: several have its tags: .*${network.id}`));
        assert.match(stderr, /✗ Record \S+: .*doesn't? exist|✗ Record \S+: .*does not exist/);
        assert.match(stderr, /Nothing was written\./);
        await assert.rejects(access(out));
        assert.deepEqual(stack.done(), []);
        cloud.keep(record);
        cloud.remove(twin);
      }

      test("is created next to its remains under another name, once the old records are gone", async () => {
        const left = cloud.things().filter((thing) => !isRecord(thing));
        const beside = parts.use(await configured(cloudStack(file, cloud, { name: "beside" }), file));
        for (const thing of cloud.things().filter(isRecord)) cloud.remove(thing);
        await succeeds(beside, "up");
        for (const thing of left) assert.ok(cloud.things().includes(thing), thing.id);
      });
    });
  }

  for (const { file, known } of clusterFiles) {
    test(`of ${file} is adopted with its cluster and the objects in it`, async (t) => {
      const parts = scope(t);
      const account = known.newAccount();
      await succeeds(parts.use(await configured(clusterStack(file, known, account), file)), "up");
      const things = () =>
        [account.cloud, account.clusters].map((it) =>
          it
            .things()
            .map(({ id }) => id)
            .sort(),
        );
      const left = things();
      const { path } = parts.use(await tempDir());
      const out = join(path, "import.json");
      const adopted = parts.use(await configured(clusterStack(file, known, account), file));
      const { exitCode, stdout, stderr } = await adopted.script("scripts/adopt.ts", "--strict", "--out", out);
      assert.equal(exitCode, 0, stderr);
      const files = importsIn(stdout).map((line) => line.match(/--file (\S+)/)?.[1] ?? "");
      assert.equal(files.length, 2);
      for (const content of files) {
        await succeeds(adopted, "import", ["--file", content, "--protect=false", "--generate-code=false"]);
      }
      // AKS returns its kubeconfig as a secret. EKS's contains no secret.
      const isPlain = (await readFile(files[1] ?? "", "utf8")).includes('"kubeconfig": "{');
      assert.equal(isPlain, known.provider === "aws");
      await upOnlyUpdates(adopted, /^create Cluster(?:Nodes|SecurityGroup) /);
      assert.deepEqual(things(), left);
      await succeeds(adopted, "up", ["--expect-no-changes"]);
    });
  }
});
