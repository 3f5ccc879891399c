/** Where a real scheduler puts the replicas. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CoreV1Api,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type KubernetesCase, kubernetesPlan } from "../support/kubernetes-regions.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope({ after });
const nodes = ["node-0", "node-1", "node-2"];
let plane: ControlPlane;

/** Without zones, as in most data centres, and with a node that has more room than the others together. */
before(async () => {
  plane = parts.use(await startControlPlane({ nodes: nodes.length }));
  const core = plane.config.makeApiClient(CoreV1Api);
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const withoutZone = { metadata: { labels: { "topology.kubernetes.io/zone": null } } };
  for (const [index, name] of nodes.entries()) {
    await core.patchNode({ name, body: withoutZone }, merge);
    const size = index === 2 ? { cpu: "64", memory: "256Gi" } : { cpu: "8", memory: "16Gi" };
    await core.patchNodeStatus({ name, body: { status: { capacity: size, allocatable: size } } }, merge);
  }
});

/** Creates the workload of a region in a namespace of its own. @returns the nodes of its replicas, sorted */
async function nodesOf(namespace: string, name: KubernetesCase, change: object): Promise<string[]> {
  await plane.objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const plan = kubernetesPlan(name, { ...change, namespace: { name: namespace, create: false } });
  const { serviceAccount, workload } = renderWorkload(plan);
  for (const object of [serviceAccount, workload])
    await plane.objects.create(object as object as KubernetesObject);
  return waitUntil("all replicas have a node", async () => {
    const { items } = await plane.objects.list<V1Pod>("v1", "Pod", namespace);
    const found = items.flatMap(({ spec }) => spec?.nodeName ?? []);
    return found.length === nodes.length && found.sort();
  });
}

test("replicas run on different nodes, also without zones", async () => {
  const anywhere = { replicas: { min: nodes.length }, scheduling: {} };
  const disk = { kind: "disk", size: "20GiB" };
  assert.deepEqual(await nodesOf("volumes", "volumes", { ...anywhere, storage: disk }), nodes);
  const bucket = { kind: "bucket", scratch: { size: "20GiB", class: "kwok-volume" } };
  const s3 = { bucket: "cache", region: "eu-central-1" };
  assert.deepEqual(await nodesOf("bucket", "cilium", { ...anywhere, storage: { ...bucket, s3 } }), nodes);
});
