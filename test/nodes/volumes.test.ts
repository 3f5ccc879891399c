/** Replicas with a volume each that share their blobs, on real nodes: how they find each other, and what a returning Pod has. Each test continues from the state that the previous one leaves. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { V1PersistentVolume, V1Pod, V1StorageClass } from "@kubernetes/client-node";
import { peerPort } from "../../components/hosts/kubernetes/peers.ts";
import type { Digest } from "../../scripts/seed/content.ts";
import { registryName } from "../support/chain.ts";
import { download } from "../support/http.ts";
import {
  type CachedCluster,
  cachedCluster,
  hostname,
  isReady,
  namespace,
} from "../support/nodes/cached-cluster.ts";
import { isolated } from "../support/nodes/isolated.ts";
import type { RealNode } from "../support/nodes/nodes.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const surroundings = await isolated(import.meta.filename);

const parts = scope({ after });
let cluster: CachedCluster;
let ca: string;
/** The blobs of two images. */
let blobs: { readonly repository: string; readonly digest: Digest }[];

const size = "8Gi";
const directory = "/var/lib/volume";

/** https://kubernetes.io/docs/concepts/storage/storage-classes/#local */
const storageClass: V1StorageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local" },
  provisioner: "kubernetes.io/no-provisioner",
  volumeBindingMode: "WaitForFirstConsumer",
};

/** https://kubernetes.io/docs/concepts/storage/volumes/#local */
function volumeOf({ name }: RealNode): V1PersistentVolume {
  const thisNode = { key: "kubernetes.io/hostname", operator: "In", values: [name] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: size },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      local: { path: directory },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [thisNode] }] } },
    },
  };
}

before(async () => {
  const storage = { kind: "disk", class: "local", size: `${size}B` };
  const region = { storage, replicas: { min: 2, sharing: "hash" } };
  cluster = await cachedCluster(parts, surroundings, { count: 2, region });
  const { objects } = cluster.stack.plane;
  await objects.create(storageClass);
  for (const node of cluster.nodes) {
    await node.run("mkdir", [directory]);
    await objects.create(volumeOf(node));
  }
  const images = await Promise.all(["one", "two"].map((name) => cluster.pushed(name)));
  blobs = images.flatMap(({ repository, blobs }) => blobs.map(({ digest }) => ({ repository, digest })));
});

const nameOf = ({ metadata }: V1Pod) => metadata?.name ?? "";

/** Waits until two replicas are ready, and each node reaches both by their Services, which takes a moment longer. @param without a replica that must be gone */
async function settled(without?: V1Pod): Promise<[V1Pod, V1Pod]> {
  const pods = await waitUntil(
    "two replicas are ready",
    async () => {
      const ready = (await cluster.replicas()).filter(isReady);
      return ready.length === 2 && ready.every((it) => !isSame(it, without)) && ready;
    },
    90_000,
  );
  for (const name of pods.map(nameOf)) {
    const address = await serviceAddress(name);
    for (const node of cluster.nodes) {
      await waitUntil(`${node.name} reaches ${name}`, async () => {
        await node.run("bash", ["-c", `exec 3<>/dev/tcp/${address}/${peerPort}`]);
        return true;
      });
    }
  }
  return pods.sort((a, b) => nameOf(a).localeCompare(nameOf(b))) as [V1Pod, V1Pod];
}

const isSame = (one: V1Pod, other?: V1Pod) => one.metadata?.uid === other?.metadata?.uid;

async function serviceAddress(name: string): Promise<string | undefined> {
  return (await cluster.core.readNamespacedService({ name, namespace })).spec?.clusterIP;
}

/** Downloads all blobs from a replica. @returns the `X-Cache` of each answer */
async function ask({ status }: V1Pod): Promise<unknown[]> {
  const said: unknown[] = [];
  for (const { repository, digest } of blobs) {
    const path = `/v2/${repository}/blobs/${digest}?ns=${registryName}`;
    const url = new URL(path, `https://${status?.podIP}:8443`);
    const answer = await download(url, { ca, headers: { host: hostname } });
    assert.deepEqual([answer.status, answer.digest], [200, digest]);
    said.push(answer.headers["x-cache"]);
  }
  return said;
}

/** The digests of the blobs on a node's volume. */
async function kept(node: RealNode): Promise<string[]> {
  const keys = await node.run("grep", ["-arhom1", "^KEY: blob team .*", `${directory}/cache/blobs`]);
  return keys.split("\n").map((key) => key.split(" ").at(-1) ?? "");
}

const all = (said: "HIT" | "MISS") => blobs.map(() => said);

test("starts replicas with a volume each", async () => {
  await cluster.up();
  ca = (await cluster.outputs()).cache.ca?.certificate ?? "";
  await settled();
});

test("asks the registry for a blob once, and keeps it on one of the volumes", async () => {
  const [one, other] = await settled();
  assert.deepEqual(await ask(one), all("MISS"));
  assert.deepEqual(await ask(other), all("HIT"));
  for (const { digest } of blobs) assert.equal(cluster.upstream.count(digest, "GET"), 1, digest);
  const volumes = await Promise.all(cluster.nodes.map(kept));
  assert.deepEqual(volumes.flat().sort(), blobs.map(({ digest }) => digest).sort());
  assert.ok(volumes.every(({ length }) => length > 0));
});

test("connects a replica to itself by its Pod's own address, and not by its Service", async () => {
  for (const pod of await settled()) {
    const address = `${pod.status?.podIP}:`;
    const connections = await cluster.inPod(
      pod,
      `set -- $processes; nsenter --target $1 --net ss -Htan '( sport = :${peerPort} or dport = :${peerPort} )'`,
    );
    assert.ok(
      connections.split("\n").some((it) => it.split(address).length === 3),
      connections,
    );
  }
});

test("loses no request when a Pod is deleted, and restores the Pod with its volume's content", async () => {
  const [one, other] = await settled();
  await cluster.core.deleteNamespacedPod({ name: nameOf(one), namespace });
  await waitUntil("it is gone", async () => {
    const { items } = await cluster.core.listNamespacedPod({ namespace });
    return !items.some((it) => isSame(it, one));
  });
  await ask(other);
  const pods = await settled(one);
  cluster.upstream.forget();
  for (const pod of pods) assert.deepEqual(await ask(pod), all("HIT"));
  assert.equal(cluster.upstream.count("/blobs/"), 0);
});
