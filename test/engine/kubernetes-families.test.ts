/** Regions that are reached by IPv4, IPv6 or both, in clusters that have both or one: what a real API server makes of their Service. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CoreV1Api, type V1ServiceSpec } from "@kubernetes/client-node";
import { startControlPlane } from "../support/control-plane.ts";
import { allow, type KubernetesStack, kubernetesStack } from "../support/kubernetes-stack.ts";
import { scope } from "../support/scope.ts";

const parts = scope({ after });

const namespace = "cache-families";
const clients = ["203.0.113.0/24", "2001:db8::/32"];
const region = {
  name: "families",
  context: "test",
  namespace,
  storage: { kind: "disk", size: "20GiB" },
  endpoint: { hostname: "families.example.com", tls: { mode: "private" } },
  access: { clients },
};

function keys(expose: object = {}, access: object = region.access) {
  return {
    provider: "kubernetes",
    upstreams: [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }],
    regions: [{ ...region, access, expose: { kind: "loadBalancer", minReadySeconds: 1, ...expose } }],
  };
}

let stack: KubernetesStack;
before(async () => {
  stack = parts.use(await kubernetesStack(keys()));
  await allow(stack.plane, keys());
});

async function up(expose: object, access?: object): Promise<V1ServiceSpec> {
  await stack.configure(keys(expose, access));
  const { failed, messages } = await stack.run("up");
  assert.ok(!failed, messages);
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  const { spec } = await core.readNamespacedService({ name: "registry-cache", namespace });
  return spec ?? {};
}

async function refused(stack: KubernetesStack, expose: object): Promise<string> {
  await stack.configure(keys(expose));
  const { failed, messages } = await stack.run("preview");
  assert.ok(failed, messages);
  return messages;
}

test("without the keys, a Service has the cluster's first family", async () => {
  const { ipFamilies, ipFamilyPolicy, clusterIPs } = await up({}, { clients: ["203.0.113.0/24"] });
  assert.deepEqual([ipFamilyPolicy, ipFamilies, clusterIPs?.length], ["SingleStack", ["IPv4"], 1]);
});

test("it gets the other family, and loses it, where it is", async () => {
  const before = await up({ ipFamilyPolicy: "RequireDualStack" });
  assert.deepEqual(before.ipFamilies, ["IPv4", "IPv6"]);
  assert.equal(before.clusterIPs?.length, 2);
  assert.deepEqual(before.loadBalancerSourceRanges, clients);
  const { failed, messages } = await stack.run("up", ["--expect-no-changes"]);
  assert.ok(!failed, messages);
  // Without the key, the API server keeps what it has.
  const kept = await up({}, { clients: ["203.0.113.0/24"] });
  assert.deepEqual([kept.ipFamilyPolicy, kept.ipFamilies], ["RequireDualStack", ["IPv4", "IPv6"]]);
  const after = await up({ ipFamilyPolicy: "SingleStack" }, { clients: ["203.0.113.0/24"] });
  assert.deepEqual(after.ipFamilies, ["IPv4"]);
  assert.equal(after.clusterIP, before.clusterIP);
});

test("another first family is refused for a Service that is there", async () => {
  const ipFamilies = ["IPv6", "IPv4"];
  assert.match(
    await refused(stack, { ipFamilyPolicy: "RequireDualStack", ipFamilies }),
    /regions\[0\]\.expose\.ipFamilies: begins with IPv6, and the Service has IPv4 first, which Kubernetes can't change: write IPv4 first/,
  );
  // As docs/kubernetes.md has it.
  await stack.configure(keys({ ipFamilyPolicy: "RequireDualStack", ipFamilies }));
  const core = stack.plane.config.makeApiClient(CoreV1Api);
  await core.deleteNamespacedService({ name: "registry-cache", namespace });
  const { failed, messages } = await stack.run("up", ["--refresh"]);
  assert.ok(!failed, messages);
  const { spec } = await core.readNamespacedService({ name: "registry-cache", namespace });
  assert.deepEqual(spec?.ipFamilies, ipFamilies);
});

test("families that the cluster lacks are refused before anything is made", async () => {
  const plane = parts.use(
    await startControlPlane({ nodes: 0, controllers: false, serviceRanges: ["10.96.0.0/16"] }),
  );
  const other = parts.use(await kubernetesStack(keys(), plane));
  await allow(plane, keys());
  assert.match(
    await refused(other, { ipFamilyPolicy: "RequireDualStack" }),
    /regions\[0\]\.expose\.ipFamilyPolicy: the cluster refuses it: spec\.ipFamilyPolicy: .*not configured for dual-stack/,
  );
  assert.match(
    await refused(other, { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6"] }),
    /regions\[0\]\.expose\.ipFamilies: the cluster refuses it: spec\.ipFamilies\[0\]: .*"IPv6"/,
  );
  const { items } = await plane.config.makeApiClient(CoreV1Api).listNamespace();
  assert.ok(!items.some(({ metadata }) => metadata?.name === namespace));
});
