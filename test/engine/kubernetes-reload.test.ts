/** One replica on a volume: what reaches it in place, and what replaces it. The tests go on from each other. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { V1ConfigMap, V1Pod, V1Secret } from "@kubernetes/client-node";
import { allow, furnish, type KubernetesStack, kubernetesStack } from "../support/kubernetes-stack.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });
let stack: KubernetesStack;

const namespace = "cache-one";
const region = {
  name: "one",
  context: "test",
  namespace,
  storage: { kind: "disk", size: "20GiB" },
  replicas: { min: 1 },
  endpoint: { hostname: "one.example.com", tls: { mode: "private" } },
  expose: { kind: "loadBalancer", minReadySeconds: 1 },
  access: { clients: ["203.0.113.0/24"] },
};
const team = {
  name: "team",
  registry: "registry.example.com",
  repositories: ["team/**"],
  credentials: "login",
};
const keys = { provider: "kubernetes", upstreams: [team], regions: [region] };
const sealed = { username: { secure: "v1:x" }, password: { secure: "v1:x" } };

before(async () => {
  stack = parts.use(await kubernetesStack(keys));
  await allow(stack.plane, { ...keys, login: sealed });
  await furnish(stack.plane);
});

/** Brings the stack up with another configuration. @returns what changed: `update ConfigMap one-edge-live`, sorted */
async function up(change: object = {}, regionChange: object = {}, password = "p4ss-of-the-upstream") {
  await stack.configure({ ...keys, regions: [{ ...region, ...regionChange }], ...change });
  await stack.setSecret("registry-cache:login.username", "reader-of-images");
  await stack.setSecret("registry-cache:login.password", password);
  const { failed, messages, changes } = await stack.run("up");
  assert.ok(!failed, messages);
  const last = (text: string) => text.split(":").at(-1) ?? "";
  return [...new Set(changes.map(({ op, type, urn }) => `${op} ${last(type)} ${last(urn)}`))].sort();
}

async function pod(): Promise<V1Pod> {
  const { items } = await stack.plane.objects.list<V1Pod>("v1", "Pod", namespace);
  const [only, ...others] = items;
  assert.ok(only && others.length === 0, `${items.length} Pods`);
  return only;
}

async function isSamePod(before: V1Pod): Promise<boolean> {
  return (await pod()).metadata?.uid === before.metadata?.uid;
}

/** The names of the ConfigMaps in the Pod's volume with a container's files. */
function sourcesOf({ spec }: V1Pod, container: string): string[] {
  const volume = spec?.volumes?.find(({ name }) => name === `registry-cache-${container}`);
  return (volume?.projected?.sources ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
}

/** What kubelet writes into the Pod's directory. */
async function fileOf(of: V1Pod, container: string, file: string): Promise<string> {
  const { items } = await stack.plane.objects.list<V1ConfigMap>("v1", "ConfigMap", namespace);
  const names = sourcesOf(of, container);
  const data = Object.assign(
    {},
    ...items.filter((it) => names.includes(it.metadata?.name ?? "")).map((it) => it.data),
  );
  return data[file] ?? "";
}

test("what the edge or Prometheus takes up is another content of the same object", async () => {
  await up();
  const first = await pod();
  assert.match(await fileOf(first, "edge", "edge.sh"), /^#!\/bin\/sh/);

  const clients = ["203.0.113.0/24", "192.0.2.0/24"];
  const upstreams = [{ ...team, repositories: ["team/**", "base/**"] }];
  const changes = await up({ upstreams }, { access: { clients }, freshnessSeconds: 30 });
  assert.deepEqual(changes, [
    "update ConfigMap one-edge-live",
    "update NetworkPolicy one",
    "update Service one",
  ]);
  assert.ok(await isSamePod(first));
  assert.match(await fileOf(first, "edge", "nginx.conf"), /allow 192\.0\.2\.0\/24;/);

  const monitoring = { labels: { installation: "other" } };
  assert.deepEqual(await up({ upstreams, monitoring }, { access: { clients }, freshnessSeconds: 30 }), [
    "update ConfigMap one-prometheus-live",
  ]);
  assert.ok(await isSamePod(first));
  assert.match(await fileOf(first, "prometheus", "prometheus.yml"), /installation: other/);
});

test("a password is another content of the same Secret", async () => {
  await up();
  const first = await pod();
  assert.deepEqual(await up({}, {}, "an0ther-password"), ["update Secret one-credentials-team"]);
  assert.ok(await isSamePod(first));
  const { items } = await stack.plane.objects.list<V1Secret>("v1", "Secret", namespace);
  const secret = items.find(({ metadata }) => metadata?.name === "registry-cache-credentials-team");
  assert.match(Buffer.from(secret?.data?.get ?? "", "base64").toString(), /an0ther-password/);
  assert.ok(!(await stack.state()).includes("an0ther-password"));
});

test("another Pod gets files that the one before doesn't see", async () => {
  await up();
  const first = await pod();
  const base = { name: "base", registry: "base.example.com", repositories: ["base/**"] };
  const changes = await up({ upstreams: [base, team] });
  for (const expected of ["update StatefulSet one", "create-replacement ConfigMap one-edge-live"]) {
    assert.ok(changes.includes(expected), changes.join("\n"));
  }
  assert.ok(!changes.includes("update ConfigMap one-edge-live"));
  const second = await pod();
  assert.notEqual(second.metadata?.uid, first.metadata?.uid);
  assert.match(await fileOf(second, "edge", "nginx.conf"), /origin-base/);
  const { items } = await stack.plane.objects.list<V1ConfigMap>("v1", "ConfigMap", namespace);
  const live = items.filter(({ metadata }) => metadata?.name?.startsWith("registry-cache-edge-live-"));
  assert.equal(live.length, 1, "the old one goes with the old Pod");
});
