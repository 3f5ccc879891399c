/** The DaemonSet that configures nodes for the cache, on real nodes: what it writes, what it leaves alone, and how much a broken cache delays the nodes' pulls. Each test continues from the state that the previous one leaves. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AppsV1Api,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from "@kubernetes/client-node";
import type { NodesManifest } from "../../components/clients/nodes.ts";
import { nodesLabel } from "../../components/clients/nodes.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { registryName } from "../support/chain.ts";
import { shortenCertificate } from "../support/clients/broken-cache.ts";
import { type Containerd, type ContainerdRelease, startContainerd } from "../support/clients/containerd.ts";
import { loadBalancerAddress } from "../support/kubernetes-stack.ts";
import {
  type CachedCluster,
  cachedCluster,
  namespace as cacheNamespace,
  hostname,
  isReady,
  region,
} from "../support/nodes/cached-cluster.ts";
import { hubAddress, isolated } from "../support/nodes/isolated.ts";
import type { RealNode } from "../support/nodes/nodes.ts";
import { hostsDirectory } from "../support/nodes/pulls.ts";
import { scope } from "../support/scope.ts";
import { startTlsServer } from "../support/tls-server.ts";
import { waitUntil } from "../support/wait.ts";

const surroundings = await isolated(import.meta.filename);

const parts = scope({ after });
let cluster: CachedCluster;
/** `node` uses the cache. The configuration of `managed` belongs to somebody else. */
let node: RealNode;
let managed: RealNode;
/** Earlier releases on `node`, in addition to its own. */
const earlier = new Map<ContainerdRelease, Containerd>();
let manifest: NodesManifest;

const file = `${hostsDirectory}/${registryName}/hosts.toml`;
const othersText = 'server = "https://mirror.example.com"\n';
/** The end of the first line of a file from the DaemonSet. */
const markEnd = "written by its DaemonSet, which takes it away again";

/** Waits for an effect on a node. nodes.sh takes at most 26 s, and the machine may be busy. */
const untilNoticed = (what: string, probe: () => Promise<boolean>) => waitUntil(what, probe, 40_000, 500);

before(async () => {
  const names = { [registryName]: hubAddress };
  cluster = await cachedCluster(parts, surroundings, { count: 2, region: { replicas: { min: 1 } }, names });
  [node, managed] = cluster.nodes as [RealNode, RealNode];
  // A server at the registry's name, which nodes ask without the cache's configuration.
  const { ca } = parts.use(
    await startTlsServer({
      name: registryName,
      port: 443,
      answer: ({ url = "", method, headers }, response) => {
        const sent = request(new URL(url, cluster.direct.url), { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        sent.on("error", () => response.destroy());
        sent.end();
      },
    }),
  );
  await node.write("/etc/ssl/certs/registry-test.pem", ca);
  // nsenter gets the signal, and doesn't pass it on. So the programs end with it.
  const inNode = [...(await node.enter()), "setpriv", "--pdeathsig", "TERM"];
  for (const release of ["1.7", "2.0"] as const) {
    earlier.set(release, parts.use(await startContainerd(release, inNode)));
  }
  await cluster.up();
  manifest = (await cluster.outputs()).clients.nodes;
});

/** A file on a node; undefined if it doesn't exist. */
async function fileOn(on: RealNode, path = file): Promise<string | undefined> {
  return on.run("cat", [path], { stripFinalNewline: false }).catch(() => undefined);
}

const isWritten = async () => (await fileOn(node)) !== undefined;

/** The DaemonSet's Pod on a node. */
async function podOn({ name }: RealNode): Promise<V1Pod | undefined> {
  const { items } = await cluster.core.listNamespacedPod({
    namespace: manifest.items[0].metadata?.name ?? "",
  });
  return items.find(({ spec }) => spec?.nodeName === name);
}

/** Whether the log of the node's Pod contains a text. */
async function saysOn(on: RealNode, text: string): Promise<boolean> {
  const { metadata: { name = "", namespace = "" } = {} } = (await podOn(on)) ?? {};
  return (await cluster.core.readNamespacedPodLog({ name, namespace })).includes(text);
}

async function label({ name }: RealNode, value: string | null): Promise<void> {
  const body = { metadata: { labels: { [nodesLabel]: value } } };
  await cluster.core.patchNode({ name, body }, setHeaderOptions("Content-Type", PatchStrategy.MergePatch));
}

let count = 0;

/** Seconds in which a containerd pulls a new image of 10 layers. */
async function pullBy(containerd: Containerd): Promise<number> {
  const { repository } = await cluster.pushed(`earlier-${++count}`);
  const began = Date.now();
  await containerd.pull(`${registryName}/${repository}:1`, { hostsDir: hostsDirectory });
  return (Date.now() - began) / 1000;
}

/** Seconds in which kubelet pulls such an image for a Pod. */
async function pullForPod(): Promise<number> {
  const name = `app-${++count}`;
  const { repository } = await cluster.pushed(name);
  const spec = {
    nodeName: node.name,
    restartPolicy: "Never",
    containers: [{ name, image: `${registryName}/${repository}:1` }],
  };
  const pod = { name, namespace: "default" };
  await cluster.core.createNamespacedPod({ namespace: "default", body: { metadata: { name }, spec } });
  const message = await waitUntil(
    `${name} is pulled`,
    async () => {
      const fieldSelector = `involvedObject.name=${name}`;
      const { items } = await cluster.core.listNamespacedEvent({ namespace: "default", fieldSelector });
      return items.find(({ reason }) => reason === "Pulled")?.message;
    },
    90_000,
  );
  await cluster.core.deleteNamespacedPod({ ...pod, gracePeriodSeconds: 0 });
  // The event has "in 312ms (312ms including waiting)", "in 1.02s", or "in 1m3.2s".
  const [, minutes = "0", number = "", unit] = /in (?:(\d+)m)?([\d.]+)(ms|s) /.exec(message) ?? [];
  return Number(minutes) * 60 + (unit === "ms" ? Number(number) / 1000 : Number(number));
}

/** Seconds by client. */
async function pullByAll(): Promise<Map<string, number>> {
  const seconds = new Map([["kubelet", await pullForPod()]]);
  for (const [release, containerd] of earlier) seconds.set(release, await pullBy(containerd));
  return seconds;
}

/** The shorter time of each client, because other work on the machine can only lengthen a pull. */
function fastest(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...one].map(([who, seconds]) => [who, Math.min(seconds, other.get(who) ?? seconds)]));
}

let withoutCache: ReadonlyMap<string, number>;

test("a labelled node asks the cache as soon as it reaches it, and a node that others configure stays unchanged", async () => {
  withoutCache = fastest(await pullByAll(), await pullByAll());
  await managed.write(file, othersText);
  // Files of another region's killed Pod, one of them for a registry that the cache no longer serves.
  const leftovers = [file, `${hostsDirectory}/gone.test/hosts.toml`];
  for (const it of leftovers) await node.write(it, `# registry-cache, region old: ${markEnd}\n${othersText}`);
  for (const object of manifest.items)
    await cluster.stack.plane.objects.create(object as object as KubernetesObject);
  await label(node, region);
  await label(managed, region);
  await waitUntil("the file is written", async () => (await fileOn(node))?.includes(hostname));

  assert.doesNotMatch(await node.run("ls", [hostsDirectory]), /gone/);

  const { containerd } = (await cluster.outputs()).clients;
  const [mark, ...rest] = ((await fileOn(node)) ?? "").split("\n");
  assert.equal(mark, `# registry-cache, region ${region}: ${markEnd}`);
  const ca = `${hostsDirectory}/registry-cache/${region}.crt`;
  assert.equal(rest.join("\n"), containerd[registryName]?.replace(/^ca = .*$/m, `ca = "${ca}"`));

  await waitUntil("it says why the other node has another file", () =>
    saysOn(managed, "registry.test/hosts.toml isn't this DaemonSet's, and stays as it is"),
  );
  assert.equal(await fileOn(managed), othersText);

  const { metadata: { name = "", namespace = "" } = {} } = manifest.items[1];
  const apps = cluster.stack.plane.config.makeApiClient(AppsV1Api);
  await waitUntil("one of two nodes counts", async () => {
    const { status } = await apps.readNamespacedDaemonSet({ name, namespace });
    return status?.numberReady === 1 && status.desiredNumberScheduled === 2;
  });
  cluster.direct.forget();
  await pullForPod();
  assert.equal(cluster.fellBack(), 0);
});

/** Applies an nftables rule to the node's packets to the cache. */
async function toCache(rule: string): Promise<AsyncDisposable> {
  const table = `table ip broken {
    chain output { type filter hook output priority 0; ct original ip daddr ${loadBalancerAddress} ${rule}; }
  }`;
  await node.run("nft", ["-f", "-"], { input: table });
  return {
    async [Symbol.asyncDispose]() {
      await node.run("nft", ["delete", "table", "ip", "broken"]);
    },
  };
}

async function withEndedCertificate(): Promise<AsyncDisposable> {
  const directory = join(surroundings.directory, "ended");
  await makeCertificate({ directory, names: [hostname] });
  await shortenCertificate({ layout: { directory } }, 0);
  const name = { name: "registry-cache-private-tls", namespace: cacheNamespace };
  const { data } = await cluster.core.readNamespacedSecret(name);
  const patch = (body: object) =>
    cluster.core.patchNamespacedSecret(
      { ...name, body },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  const text = (file: string) => node.run("cat", [join(directory, "tls", file)]);
  await patch({ stringData: { "tls.crt": await text("tls.crt"), "tls.key": await text("tls.key") } });
  const to = ["-connect", `${loadBalancerAddress}:443`, "-servername", hostname];
  await waitUntil("it is served", async () => {
    const input = await node.run("openssl", ["s_client", ...to], { input: "" });
    return node.run("openssl", ["x509", "-noout", "-checkend", "0"], { input }).then(
      () => false,
      () => true,
    );
  });
  return {
    async [Symbol.asyncDispose]() {
      await patch({ data });
    },
  };
}

async function withoutSources(): Promise<AsyncDisposable> {
  await cluster.upstream.stopListening();
  await cluster.s3.proxy.stopListening();
  return {
    async [Symbol.asyncDispose]() {
      await cluster.upstream.listen();
      await cluster.s3.proxy.listen();
    },
  };
}

async function withoutReplicas(): Promise<AsyncDisposable> {
  const scale = (replicas: number) =>
    cluster.stack.plane.config
      .makeApiClient(AppsV1Api)
      .patchNamespacedDeploymentScale(
        { name: "registry-cache", namespace: cacheNamespace, body: { spec: { replicas } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
  await scale(0);
  await waitUntil("there is none", async () => {
    const { items } = await cluster.core.listNamespacedPod({ namespace: cacheNamespace });
    return items.length === 0;
  });
  // Waits until kube-proxy knows, too.
  await sleep(2000);
  return {
    async [Symbol.asyncDispose]() {
      await scale(1);
      await waitUntil("there is one", async () => (await cluster.replicas()).some(isReady), 60_000);
    },
  };
}

interface Fault {
  begin(): Promise<AsyncDisposable>;
  /** Whether each request of a pull waits until the node stops asking the cache. @default false */
  readonly waits?: true;
}

const faults: Readonly<Record<string, Fault>> = {
  "answering 5xx": { begin: withoutSources },
  // kube-proxy then refuses connections.
  stopped: { begin: withoutReplicas },
  "refused by a packet filter": {
    begin: () => toCache("ct direction original meta l4proto tcp reject with tcp reset"),
  },
  // TCP's handshake has only small packets.
  "cut off at the first request": {
    begin: () => toCache("meta l4proto tcp meta length > 100 reject with tcp reset"),
  },
  "showing a certificate that has ended": { begin: withEndedCertificate },
  "black-holed": { begin: () => toCache("drop"), waits: true },
  "taking connections and saying nothing": { begin: () => toCache("meta length > 100 drop"), waits: true },
};

for (const [what, { begin, waits }] of Object.entries(faults)) {
  test(`a cache ${what} adds at most 3 s to a pull of 10 layers`, async () => {
    await untilNoticed("the node uses the cache", isWritten);
    await using _ = await begin();
    if (waits) await untilNoticed("the node has noticed", async () => !(await isWritten()));
    cluster.direct.forget();
    let now = await pullByAll();
    const added = () =>
      [...now].map(([who, seconds]) => [who, seconds - (withoutCache.get(who) ?? 0)] as const);
    const isTooMuch = () => added().some(([, seconds]) => seconds > 3);
    for (let turn = 1; turn < 3 && isTooMuch() && (waits || (await isWritten())); turn++) {
      now = fastest(now, await pullByAll());
    }
    const text = added().map(([who, seconds]) => `${who} ${seconds.toFixed(1)} s`);
    console.error(`${what}: ${text.join(", ")} more`);
    assert.ok(cluster.fellBack() > 0);
    assert.ok(!isTooMuch(), text.join(", "));
  });
}

test("a file that can't be written, or an authority that can't be used, is reported, and no file names the cache", async () => {
  await untilNoticed("the node uses the cache", isWritten);
  const [directory, authority] = [`${hostsDirectory}/${registryName}`, `${hostsDirectory}/registry-cache`];
  await managed.run("rm", ["-r", directory]);
  await managed.write(directory, "");
  await node.run("rm", ["-r", authority]);
  await node.write(authority, "");
  const reasons = [
    untilNoticed("a directory", () =>
      saysOn(managed, `but for ${registryName}: mkdir: can't create directory`),
    ),
    untilNoticed("the authority's", () => saysOn(node, "no place for its authority: mkdir:")),
  ];
  await Promise.all(reasons);
  assert.equal(await fileOn(node), undefined);
  await node.run("rm", [authority]);
  await managed.run("rm", [directory]);
  await managed.write(file, othersText);
});

test("without the label or the DaemonSet, its files are gone, and nothing else is", async () => {
  await untilNoticed("the node uses the cache", isWritten);
  await label(node, null);
  await waitUntil("its files are gone", async () => !(await isWritten()));
  await label(node, region);
  await untilNoticed("the node uses the cache again", isWritten);

  const { metadata: { name = "", namespace = "" } = {} } = manifest.items[1];
  await cluster.stack.plane.config.makeApiClient(AppsV1Api).deleteNamespacedDaemonSet({ name, namespace });
  await waitUntil("its Pods are gone", async () => !(await podOn(node)) && !(await podOn(managed)));
  assert.equal(await node.run("find", [hostsDirectory, "-mindepth", "1"]), "");
  assert.equal(await fileOn(managed), othersText);
  assert.equal(await managed.run("find", [hostsDirectory, "-type", "f"]), file);
});
