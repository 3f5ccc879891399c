/** `npm run render`: what it writes, removes, keeps and refuses. test/engine/kubernetes.test.ts tests that the objects are those of `up`. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import fs, { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { draft } from "../../scripts/render/directory.ts";
import { chartValues, kustomizations, type Rendered } from "../../scripts/render/files.ts";
import type { RenderedRegion } from "../../scripts/render/stack.ts";
import { type CostProject, costProject, stackFiles } from "../support/cost-project.ts";
import { ca, kubernetesKeys, kubernetesRegions } from "../support/kubernetes-regions.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
let project: CostProject;
let count = 0;

before(async () => {
  project = parts.use(await costProject());
});

const ownServer = kubernetesRegions["own-server"];
const elsewhere = (name: string) => ({
  ...ownServer,
  name,
  context: name,
  storage: { ...ownServer.storage, s3: { ...ownServer.storage.s3, bucket: `cache-${name}` } },
  endpoint: { ...ownServer.endpoint, hostname: `${name}.example.com` },
});
const madrid = elsewhere("madrid");

/** The text of a stack's file. */
function stackOf(...regions: readonly object[]): string {
  const { monitoring, ...shared } = kubernetesKeys("own-server");
  // All parts that Pulumi.yaml has: `npm run render` warns if a file drops some.
  const alerts = { labels: { area: "platform", team: "us" }, runbookUrl: "https://example.com/{alert}" };
  const labels = { installation: "us", pipeline: "stable" };
  const keys = { ...shared, monitoring: { ...monitoring, labels, alerts }, regions };
  return stringify({
    config: Object.fromEntries(Object.entries(keys).map(([key, value]) => [`registry-cache:${key}`, value])),
  });
}

/** An empty directory for the files. */
const newDirectory = () => join(project.directory, `out-${count++}`);

async function succeeds(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await project.render(...args);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  return stdout;
}

test("writes a directory for each region, with the same files each time", async () => {
  const pods = { imagePullSecrets: [{ name: "mirror" }] };
  await project.setStack("kubernetes-clusters", stackOf({ ...ownServer, pods }, madrid));
  const [first, second] = [newDirectory(), newDirectory()];
  const out = await succeeds("kubernetes-clusters", "--out", first);
  await succeeds("kubernetes-clusters", "--out", second);
  assert.deepEqual(await readdir(first), ["frankfurt", "madrid"]);
  const files = await readdir(join(first, "frankfurt"));
  assert.ok(files.includes("deployment.yaml") && files.includes("configmap-edge.yaml"), files.join(" "));
  for (const file of files) {
    const [one, other] = await Promise.all(
      [first, second].map((directory) => readFile(join(directory, "frankfurt", file), "utf8")),
    );
    assert.equal(one, other);
    assert.doesNotMatch(one ?? "", /^kind: Secret$|v1:x/m);
  }
  assert.match(
    out,
    /^frankfurt needs these Secrets in the namespace registry-cache:\n {2}wildcard: tls\.crt, tls\.key\n {2}mirror: \.dockerconfigjson\n/m,
  );
  assert.match(out, /^ {2}registry-cache-bucket: accessKey, secretKey, of `bucket-login`$/m);
  assert.match(await succeeds("kubernetes-clusters", "--out", first), /: 0 written, 0 removed$/m);
});

test("prints the outputs of an update, for clients and a central Prometheus", async () => {
  const { endpoint } = ownServer;
  const trusting = { ...ownServer, endpoint: { ...endpoint, tls: { ...endpoint.tls, ca } } };
  await project.setStack("kubernetes-clusters", stackOf(trusting, madrid));
  const { clients, monitoring } = JSON.parse(await succeeds("kubernetes-clusters", "--outputs"));
  assert.match(Object.values(clients.madrid.containerd).join("\n"), /https:\/\/madrid\.example\.com/);
  assert.ok(JSON.stringify(clients.frankfurt.kubeadm).includes(JSON.stringify(ca).slice(1, -1)));
  const { scrapeConfig, module } = monitoring.frankfurt.probe;
  assert.deepEqual(scrapeConfig.static_configs[0].targets, ["https://cache.example.com/v2/"]);
  assert.deepEqual(Object.values(module as Record<string, { http: object }>)[0]?.http, {
    ...Object.values(monitoring.madrid.probe.module as Record<string, { http: object }>)[0]?.http,
    tls_config: { ca },
  });
});

const rendered = (...paths: string[]) => ({
  what: "Objects",
  files: Object.fromEntries(paths.map((path) => [path, "kind: Object\n"])),
});

/** The names of a directory's files, sorted. */
const there = async (directory: string) => (await readdir(directory, { recursive: true })).sort();

test("removes what the stack no longer has, and keeps other files", async () => {
  const directory = newDirectory();
  const write = async (stack: string, files: Rendered) => (await draft(directory, stack, files)).apply();
  await write("one", rendered("frankfurt/service.yaml", "frankfurt/ingress.yaml", "madrid/service.yaml"));
  await write("one", { ...rendered("frankfurt.yaml"), what: "Values" });
  await write("other", rendered("oslo/service.yaml"));
  await writeFile(join(directory, "frankfurt", "patch.yaml"), "# Objects of ours\n");
  const changes = await write("one", rendered("frankfurt/service.yaml", "frankfurt/httproute.yaml"));
  assert.deepEqual(changes, {
    written: ["frankfurt/httproute.yaml"],
    removed: ["frankfurt/ingress.yaml", "madrid/service.yaml"],
  });
  assert.deepEqual(await there(directory), [
    ...["frankfurt", "frankfurt.yaml", "frankfurt/httproute.yaml", "frankfurt/patch.yaml"],
    ...["frankfurt/service.yaml", "oslo", "oslo/service.yaml"],
  ]);
});

for (const [form, file] of [
  [kustomizations, "frankfurt/namespace.yaml"],
  [chartValues, "frankfurt.yaml"],
] as const) {
  test(`keeps the Namespace of a region that stays, until ${file} is deleted by hand`, async () => {
    const directory = newDirectory();
    const region = (name: string, ...kinds: string[]) => ({
      region: { name } as RenderedRegion["region"],
      objects: Object.fromEntries(kinds.map((kind) => [kind.toLowerCase(), { kind }])),
      secrets: [],
      outputs: {} as RenderedRegion["outputs"],
    });
    const next = (...regions: RenderedRegion[]) => draft(directory, "one", form(regions));
    const whole = ["frankfurt", "madrid"].map((it) => region(it, "Namespace", "Service"));
    await (await next(...whole)).apply();
    const paths = async () => (await next(region("frankfurt", "Service"))).problems.map(({ path }) => path);
    assert.deepEqual(await paths(), [join(directory, file)]);
    await rm(join(directory, file));
    assert.deepEqual(await paths(), []);
  });
}

test("leaves no file that the next run refuses when the disk fills in the middle of one", async (t) => {
  const directory = newDirectory();
  const files = rendered("frankfurt/service.yaml");
  const write = writeFile;
  const { mock } = t.mock.method(fs, "writeFile", async (path: string, text: string) => {
    await write(path, text.slice(0, 5));
    throw new Error("ENOSPC");
  });
  syncBuiltinESMExports();
  await assert.rejects((await draft(directory, "one", files)).apply(), /ENOSPC/);
  mock.restore();
  syncBuiltinESMExports();
  const { problems, apply } = await draft(directory, "one", files);
  assert.deepEqual([problems, await apply()], [[], { written: ["frankfurt/service.yaml"], removed: [] }]);
  assert.deepEqual(await there(directory), ["frankfurt", "frankfurt/service.yaml"]);
});

test("removes what a killed run left half-written", async () => {
  const directory = newDirectory();
  const files = rendered("frankfurt/service.yaml", "frankfurt/kustomization.yaml");
  files.files["frankfurt/namespace.yaml"] = "kind: Namespace\n";
  const write = async () => (await draft(directory, "one", files)).apply();
  await write();
  const text = await readFile(join(directory, "frankfurt", "service.yaml"), "utf8");
  await mkdir(join(directory, "madrid"));
  await writeFile(join(directory, "madrid", "deployment.yaml.part"), text.slice(0, -5));
  await writeFile(join(directory, "frankfurt", "service.yaml.part"), "");
  const namespace = await readFile(join(directory, "frankfurt", "namespace.yaml"), "utf8");
  await writeFile(join(directory, "frankfurt", "namespace.yaml.part"), namespace);
  await writeFile(join(directory, "frankfurt", "ours.yaml.part"), "# Ours\n");
  const left = [
    "frankfurt/namespace.yaml.part",
    "frankfurt/service.yaml.part",
    "madrid/deployment.yaml.part",
  ];
  const { problems } = await draft(directory, "one", files);
  assert.deepEqual(problems, []);
  const { removed } = await write();
  assert.deepEqual([...removed].sort(), left);
  assert.deepEqual(await there(directory), [
    "frankfurt",
    ...["kustomization.yaml", "namespace.yaml", "ours.yaml.part", "service.yaml"].map(
      (it) => `frankfurt/${it}`,
    ),
  ]);
});

test("never overwrites files that aren't the stack's", async () => {
  const directory = newDirectory();
  await mkdir(join(directory, "frankfurt", "directory.yaml"), { recursive: true });
  await writeFile(join(directory, "frankfurt", "service.yaml"), "kind: Ours\n");
  await (await draft(directory, "other", rendered("frankfurt/ingress.yaml"))).apply();
  const names = ["directory", "ingress", "new", "service"];
  const { problems } = await draft(directory, "one", rendered(...names.map((it) => `frankfurt/${it}.yaml`)));
  assert.deepEqual(
    problems.map(({ path, message }) => [path, message.split(":")[0]]),
    ["directory", "ingress", "service"].map((it) => [
      join(directory, "frankfurt", `${it}.yaml`),
      "already exists and isn't of the stack one",
    ]),
  );
});

test("reports all problems at once, and then writes nothing", async () => {
  const directory = newDirectory();
  const wrong = {
    ...madrid,
    endpoint: { hostname: "madrid.example.com", port: 8443, tls: { mode: "private" } },
  };
  await project.setStack("kubernetes-clusters", stackOf(ownServer, wrong));
  const { exitCode, stderr } = await project.render("kubernetes-clusters", "--out", directory);
  assert.equal(exitCode, 1);
  for (const told of [
    /^✗ stacks\/Pulumi\.kubernetes-clusters\.yaml: regions\[1\]\.endpoint\.port: must be 443/m,
    /^✗ stacks\/Pulumi\.kubernetes-clusters\.yaml: regions\[1\]\.endpoint\.tls\.mode: can't be `private` without Pulumi/m,
  ]) {
    assert.match(stderr, told);
  }
  assert.ok(!existsSync(directory));
  await mkdir(directory);
  await writeFile(join(directory, "file"), "");
  await project.setStack("kubernetes-clusters", stackOf(ownServer));
  const inTheWay = await project.render("kubernetes-clusters", "--values", join(directory, "file"));
  assert.equal(inTheWay.exitCode, 1);
  assert.match(inTheWay.stderr, /^✗ kubernetes-clusters: .*file/);
});

test("refuses a region that isn't in an existing cluster, by its name", async () => {
  await project.setStack("aws-eu-central-1", stackFiles.aws);
  const { exitCode, stderr } = await project.render("aws-eu-central-1", "--out", newDirectory());
  assert.equal(exitCode, 1);
  assert.match(stderr, /^✗ .*: regions\[0\]: eu-central-1 is a region of `provider: aws`/m);
});

test("distinguishes wrong usage from a problem", async () => {
  for (const [args, told] of [
    [["kubernetes-clusters"], /^error: name --out or --values, or else --outputs/],
    [["kubernetes-clusters", "--out", "x", "--outputs"], /^error: name --out/],
    [
      ["kubernetes-clusters", "--out", "x", "--external-secrets", "vault"],
      /ClusterSecretStore\/NAME or SecretStore\/NAME/,
    ],
  ] as const) {
    const { exitCode, stderr } = await project.render(...args);
    assert.equal(exitCode, 2);
    assert.match(stderr, told);
  }
});
