/** Several Pods of one region on this machine, like the replicas of a workload: with one certificate and, if asked for, one bucket for all. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClientConfiguration, clientConfiguration } from "../../components/clients/clients.ts";
import { type PodPorts, podPortCount, podPorts } from "../../components/config/ports.ts";
import type { Upstream } from "../../components/config/schema.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { localAddress } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { type PodmanPodInputs, playPod, removePod } from "../../components/hosts/local/podman-pod.ts";
import { type Bundle, bundleParts, bundleText, renderBundle } from "../../components/hosts/podman/bundle.ts";
import { type DiskBudget, ownDiskBudget } from "../../components/pod/edge/budget.ts";
import type { Peers, PodOptions, PodPrefetch } from "../../components/pod/options.ts";
import type { S3Store } from "../../components/pod/store.ts";
import type { Blob, Content, Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "./chain.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { randomImage } from "./images.ts";
import { defaultMonitoring } from "./monitoring.ts";
import { containerOf } from "./played-pod.ts";
import { podImages } from "./pod-images.ts";
import { podRegion } from "./pod-options.ts";
import { freePort, freePorts } from "./ports.ts";
import { type Balancer, startBalancer } from "./replicas-balancer.ts";
import { startS3, type TestS3 } from "./s3.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";
import { withoutPrometheus } from "./without-prometheus.ts";

export interface Replica extends AsyncDisposable {
  /** `https://localhost:<port>`, or `http:` behind proxies. */
  readonly url: URL;
  readonly ports: PodPorts;
  /** The directory of the edge's volume on this machine. */
  readonly cacheDirectory: string;
  /** Standard output and error of a container so far. */
  logs(container: string): Promise<string>;
  /** Kills all containers without time for requests in progress. */
  kill(): Promise<void>;
}

export interface ReplicaOptions {
  readonly upstreams: readonly Upstream[];
  /** The bucket, and the `data` of a Secret with its keys. @default none: each replica stores its objects itself */
  readonly bucket?: { readonly store: S3Store; readonly secret: string };
  /** @default none */
  readonly proxies?: PodOptions["proxies"];
  /** Edits nginx's configuration, for tests that can't wait for its timeouts. @default unchanged */
  readonly edit?: (nginxConf: string) => string;
  /** Ranges that may pull. @default this machine */
  readonly clients?: readonly string[];
  /** @default nothing is prefetched */
  readonly prefetch?: PodPrefetch;
  /** @default the budget of a small disk */
  readonly budget?: DiskBudget;
  /** The number of replicas that share their blobs: the first ones that are started. @default none do */
  readonly sharing?: number;
  /** Whether each has a running Prometheus. @default false */
  readonly hasPrometheus?: boolean;
}

export interface Replicas extends AsyncDisposable {
  readonly ca: string;
  readonly caFile: string;
  /** Plays another replica with an empty cache, and waits until it is ready (2 to 4 s). */
  start(): Promise<Replica>;
}

let count = 0;

/** A digest as in the bucket's keys. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** Prepares what the replicas share, and starts none. */
export async function replicasOf(options: ReplicaOptions): Promise<Replicas> {
  const dir = await tempDir();
  await makeCertificate({ directory: dir.path, names: ["localhost", localAddress] });
  const caFile = join(dir.path, "ca", "ca.crt");
  const peerPorts = await Promise.all(Array.from({ length: options.sharing ?? 0 }, () => freePort()));
  const servers = peerPorts.map((port) => `${localAddress}:${port}`);
  const turns = peerPorts.values();
  return {
    ca: await readFile(caFile, "utf8"),
    caFile,
    async start() {
      const port = turns.next().value;
      return await startReplica(dir.path, options, port === undefined ? undefined : { port, servers });
    },
    async [Symbol.asyncDispose]() {
      await removeOwned(dir.path);
      await dir[Symbol.asyncDispose]();
    },
  };
}

async function startReplica(shared: string, options: ReplicaOptions, peers?: Peers): Promise<Replica> {
  const { bucket, proxies, upstreams, prefetch, edit = (text) => text, hasPrometheus = false } = options;
  const name = `registry-cache-replica-${process.pid}-${++count}`;
  const directory = (volume: string) => join(shared, name, volume);
  const volume = (path: string) => ({ hostPath: { path, type: "Directory" } });
  const credentials = `${name}-bucket`;
  const port = await freePort();
  const ports = podPorts(
    await freePorts(podPortCount(upstreams.length) + upstreams.length),
    upstreams.length,
  );
  const podOptions: PodOptions = {
    name,
    upstreams,
    images: await podImages(),
    ...(prefetch && { prefetch }),
    ports,
    listen: { addresses: [localAddress], port },
    ...(proxies && { proxies }),
    ...(peers && { peers }),
    region: podRegion(name, "localhost", port),
    clients: options.clients ?? ["127.0.0.0/8"],
    metricsClients: [],
    budget: options.budget ?? ownDiskBudget(16),
    edgeMemoryMiB: 512,
    monitoring: defaultMonitoring,
    provider: "local",
    hostNetwork: true,
    volumes: {
      tls: volume(join(shared, "tls")),
      cache: volume(directory("cache")),
      prometheus: volume(directory("prometheus")),
      origin: (upstream) => volume(directory(`origin-${upstream}`)),
      secret: (name) => volume(directory(`secrets/${name}`)),
    },
    ...(bucket && { store: { ...bucket.store, credentials } }),
  };
  const own = join(shared, name);
  const whole: PodmanPodInputs = {
    name,
    region: name,
    directory: own,
    bundle: bundleText(editEdge(renderBundle(podOptions, { stateDirectory: own }), edit)),
    directories: ["cache", "prometheus", ...(bucket ? [] : upstreams.map((it) => `origin-${it.name}`))].map(
      directory,
    ),
    secrets: {},
    ready: readyUrls(podOptions),
  };
  const pod = hasPrometheus ? whole : withoutPrometheus(whole, ports);
  // Not by standard input, because podman takes it only from a pipe, and Node.js gives it a socket.
  if (bucket) {
    await podman(["secret", "create", "--env", credentials, "SECRET"], {
      variables: { SECRET: bucket.secret },
    });
  }
  await playPod(pod);
  return {
    url: new URL(`${proxies ? "http" : "https"}://localhost:${port}`),
    ports,
    cacheDirectory: directory("cache"),
    logs: (part) => podman(["logs", containerOf(pod, part)], { withStandardError: true }),
    async kill() {
      // The edge is killed before the origins. Without an origin, it would send its clients to the upstream.
      const parts = bundleParts(JSON.parse(pod.bundle)).map(({ container }) => containerOf(pod, container));
      await podman(["kill", ...parts]);
    },
    async [Symbol.asyncDispose]() {
      await removePod(pod, { graceSeconds: 2 });
      if (bucket) await podman(["secret", "rm", credentials]);
    },
  };
}

function editEdge(bundle: Bundle, edit: (nginxConf: string) => string): Bundle {
  const path = "parts/edge/files/nginx.conf";
  return { ...bundle, [path]: edit(bundle[path] ?? "") };
}

function readyUrls({ ports, store }: PodOptions): string[] {
  const url = (port: number, path: string) => `http://${localAddress}:${port}${path}`;
  return [
    url(ports.edgeStatus, "/healthz"),
    ...ports.origins.flatMap(({ debug, stored }) => [
      url(debug, "/debug/health"),
      ...(store ? [url(stored, "/")] : []),
    ]),
  ];
}

/** Replicas that share a bucket, in front of a registry. */
export interface Shared extends FrontedUpstream {
  readonly s3: TestS3;
  readonly replicas: readonly Replica[];
  /** Starts another replica. */
  add(): Promise<Replica>;
  /** Distributes connections over all replicas, as a load balancer does. */
  readonly balancer: Balancer;
  /** Pushes an image, whose layers no other image has, to the registry. @default one layer of 1 MB */
  pushed(name: string, size?: { readonly layers?: number; readonly layerMB?: number }): Promise<Content>;
  /** Waits until the bucket has the blobs of a pull, which is a moment after the client has them. */
  stored(blobs: readonly Blob[]): Promise<void>;
  readonly ca: string;
  readonly caFile: string;
  /** The configuration for clients of the balancer. They reach the registry by {@link direct}. */
  readonly clients: ClientConfiguration;
  /** The clients' own path to the registry. */
  readonly direct: FaultProxy;
}

/** @param count the number of replicas to start */
export async function startShared(
  parts: AsyncDisposableStack,
  delivery: S3Store["delivery"],
  {
    count = 2,
    ...options
  }: { readonly count?: number } & Pick<
    ReplicaOptions,
    "clients" | "edit" | "prefetch" | "hasPrometheus"
  > = {},
): Promise<Shared> {
  const { registry, proxy } = await frontedUpstream(parts);
  const direct = parts.use(await startFaultProxy(registry.url));
  const s3 = parts.use(await startS3());
  const upstreamAt = ({ url }: FaultProxy) => [
    { name: "gsoci", registry: registryName, url: url.origin, repositories: ["giantswarm/**"] },
  ];
  const upstreams = upstreamAt(proxy);
  const bucket = { store: s3.store(delivery), secret: s3.secret };
  const all = parts.use(await replicasOf({ upstreams, bucket, ...options }));
  const balancer = parts.use(await startBalancer());
  const replicas: Replica[] = [];
  const add = async () => {
    const replica = parts.use(await all.start());
    replicas.push(replica);
    balancer.ports.push(Number(replica.url.port));
    return replica;
  };
  for (let index = 0; index < count; index++) await add();
  const ca = { file: all.caFile, certificate: all.ca };
  const endpoint = { hostname: "localhost", port: balancer.port };
  return {
    registry,
    proxy,
    s3,
    replicas,
    add,
    balancer,
    async pushed(name, { layers = 1, layerMB = 1 } = {}) {
      const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layers, layerMB });
      await push(registry.url, image);
      return image;
    },
    async stored(blobs) {
      await waitUntil("the bucket has the blobs", async () => {
        const links = await s3.keys(/\/_layers\/.*\/link$/);
        return blobs.every(({ digest }) => links.some((key) => key.includes(hexOf(digest))));
      });
    },
    ca: all.ca,
    caFile: all.caFile,
    clients: clientConfiguration({ endpoint, upstreams: upstreamAt(direct), ca }),
    direct,
  };
}
