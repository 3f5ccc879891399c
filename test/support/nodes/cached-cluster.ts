/** A stack with one region in a cluster of real nodes. Their containerd pulls from a registry through the region's replicas. */
import assert from "node:assert/strict";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import type { ClientConfiguration } from "../../../components/clients/clients.ts";
import type { CacheOutputs } from "../../../components/regional-cache.ts";
import type { Content } from "../../../scripts/seed/content.ts";
import { push } from "../../../scripts/seed/push.ts";
import { registryName } from "../chain.ts";
import { startControlPlane } from "../control-plane.ts";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { randomImage } from "../images.ts";
import { allow, type KubernetesStack, kubernetesStack, loadBalancerAddress } from "../kubernetes-stack.ts";
import { type PrivateUpstream, privateUpstream } from "../private-upstream.ts";
import { startS3, type TestS3 } from "../s3.ts";
import { testUpstream } from "../upstream.ts";
import { hubAddress, type Surroundings } from "./isolated.ts";
import { type NodesOptions, type RealNode, startNodes } from "./nodes.ts";

export const hostname = "cache.example.com";
export const namespace = "cache-shared";
export const region = "shared";

export interface CachedCluster {
  readonly stack: KubernetesStack;
  readonly nodes: readonly RealNode[];
  readonly core: CoreV1Api;
  readonly s3: TestS3;
  /** The registry on the replicas' path. */
  readonly upstream: FaultProxy;
  /** The same, by the URL in the replicas' configuration. */
  readonly upstreamUrl: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** A proxy in front of the registry that accepts only {@link login}. */
  readonly asksForPassword: PrivateUpstream;
  /** The credentials that each {@link up} gives to the stack. A test may change them. */
  readonly login: { username: string; password: string };
  /** The registry on the nodes' own path. */
  readonly direct: FaultProxy;
  /** Pushes an image of 10 layers to the registry. */
  pushed(name: string): Promise<Content>;
  /** Brings the stack up. @param change of its region */
  up(change?: object): Promise<void>;
  outputs(): Promise<{ cache: CacheOutputs; clients: ClientConfiguration }>;
  /** The number of requests that nodes sent to the registry itself. */
  fellBack(): number;
  /** The running replicas, without those that are terminating. */
  replicas(): Promise<V1Pod[]>;
  nodeOf(pod: V1Pod): RealNode;
  /** Runs shell commands on a Pod's node. `$processes` are the processes of its containers, `$directory` is kubelet's directory of the Pod. @returns their standard output */
  inPod(pod: V1Pod, script: string): Promise<string>;
}

export interface CachedClusterOptions extends NodesOptions {
  /** Keys of its region. @default two replicas that share a bucket */
  readonly region?: object;
}

/** Starts a cluster. It doesn't bring the stack up. */
export async function cachedCluster(
  parts: AsyncDisposableStack,
  surroundings: Surroundings,
  options: CachedClusterOptions = {},
): Promise<CachedCluster> {
  const login = { username: "reader", password: "the first one" };
  const { url: registry } = parts.use(await testUpstream());
  const asksForPassword = parts.use(await privateUpstream(registry, login));
  const upstream = parts.use(await startFaultProxy(asksForPassword.url));
  const direct = parts.use(await startFaultProxy(registry));
  const s3 = parts.use(await startS3());
  const keys = stackKeys({ surroundings, s3, upstream, own: options.region ?? {} });

  const plane = parts.use(await startControlPlane({ nodes: 0 }));
  const names = { [hostname]: loadBalancerAddress, ...options.names };
  const { nodes } = parts.use(await startNodes(plane, surroundings, { ...options, names }));
  const core = plane.config.makeApiClient(CoreV1Api);
  const stack = parts.use(await kubernetesStack(keys, plane));
  const { AWS_ACCESS_KEY_ID: username = "", AWS_SECRET_ACCESS_KEY: password = "" } = s3.backend.environment;
  const usesBucket = keys.regions.some(({ storage }) => storage.kind === "bucket");
  const credentials = { login, ...(usesBucket && { bucket: { username, password } }) };
  const sealed = { username: { secure: "v1:x" }, password: { secure: "v1:x" } };
  const allSealed = Object.fromEntries(Object.keys(credentials).map((key) => [key, sealed]));
  await allow(plane, { ...keys, ...allSealed });

  const nodeOf = ({ spec }: V1Pod) => {
    const node = nodes.find(({ name }) => name === spec?.nodeName);
    assert.ok(node, "the Pod is on a node");
    return node;
  };
  const output = async (name: string) => JSON.parse(await stack.pulumi("stack", "output", "--json", name));
  return {
    stack,
    nodes,
    core,
    s3,
    upstream,
    upstreamUrl: fromNodes(upstream),
    kubeconfig: plane.kubeconfig,
    asksForPassword,
    login,
    direct,
    async pushed(name) {
      const image = await randomImage({ repository: `team/${name}`, tag: "1", layers: 10, layerMB: 0.1 });
      await push(registry, image);
      return image;
    },
    async up(change = {}) {
      await stack.configure({ ...keys, regions: keys.regions.map((it) => ({ ...it, ...change })) });
      const secrets = Object.entries(credentials).flatMap(([key, secret]) =>
        Object.entries(secret).map(([part, value]) => [`registry-cache:${key}.${part}`, value]),
      );
      await stack.setSecrets(Object.fromEntries(secrets));
      const { failed, messages } = await stack.run("up");
      assert.ok(!failed, messages);
    },
    async outputs() {
      const [caches, clients] = [await output("caches"), await output("clients")];
      // The nodes reach the registry on their own path.
      const own = JSON.stringify(clients[region]).replaceAll(fromNodes(upstream), fromNodes(direct));
      return { cache: caches[region], clients: JSON.parse(own) };
    },
    fellBack: () => direct.requests.filter(({ path }) => path !== "/v2/").length,
    async replicas() {
      return (await core.listNamespacedPod({ namespace })).items.filter(isReplica);
    },
    nodeOf,
    inPod(pod, script) {
      const uid = pod.metadata?.uid;
      const before = `processes=$(find /sys/fs/cgroup/memory -path '*pod${uid}/*' -name cgroup.procs -exec cat {} +)
        directory=/var/lib/kubelet/pods/${uid}\n`;
      return nodeOf(pod).run("sh", ["-euc", before + script]);
    },
  };
}

/** Whether a Pod runs, and isn't terminating. */
export const isReplica = ({ metadata, status }: V1Pod) =>
  !metadata?.deletionTimestamp && status?.phase === "Running";

export const isReady = ({ status }: V1Pod) =>
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

/** The URL at which nodes and Pods reach a server that listens on loopback. */
function fromNodes({ url }: { readonly url: URL }): string {
  return url.origin.replace("127.0.0.1", hubAddress);
}

interface KeysOf extends Pick<CachedCluster, "s3" | "upstream"> {
  readonly surroundings: Surroundings;
  readonly own: object;
}

function stackKeys({ surroundings, s3, upstream, own }: KeysOf) {
  const { bucket, region: bucketRegion } = s3.store("proxied");
  const server = { endpoint: fromNodes(s3.proxy), pathStyle: true, credentials: "bucket" };
  const upstreams = [
    {
      name: "team",
      registry: registryName,
      url: fromNodes(upstream),
      repositories: ["team/**"],
      credentials: "login",
    },
  ];
  return {
    provider: "kubernetes",
    workload: { nodes: 3, pullsPerNodeGiB: 1, workingSetGiB: 1, growthGiBPerMonth: 1 },
    images: surroundings.images,
    upstreams,
    regions: [
      {
        name: region,
        context: "test",
        namespace,
        storage: { kind: "bucket", scratch: "2GiB", s3: { bucket, region: bucketRegion, ...server } },
        replicas: { min: 2 },
        endpoint: { hostname, tls: { mode: "private" } },
        expose: { kind: "loadBalancer", drainSeconds: 5, minReadySeconds: 2 },
        access: { clients: ["10.0.0.0/8"] },
        ...own,
      },
    ],
  };
}
