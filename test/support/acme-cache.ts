/** Runs the rendered Pod on this machine. As on a VM, it obtains its own certificate by ACME. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultImages } from "../../components/config/images.ts";
import { podPortCount, podPorts } from "../../components/config/ports.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { makeOwnedDirectory, removeOwned } from "../../components/hosts/local/owned-files.ts";
import { localAddress } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { type PodmanPodInputs, playPod, removePod } from "../../components/hosts/local/podman-pod.ts";
import { bundleText, renderBundle } from "../../components/hosts/podman/bundle.ts";
import { legoDirectory } from "../../components/pod/acme.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { ensureImage } from "../../scripts/setup/images.ts";
import type { TestAuthority } from "./acme.ts";
import type { CacheOptions } from "./cache.ts";
import { defaultMonitoring } from "./monitoring.ts";
import { hasten } from "./pace.ts";
import { containerOf } from "./played-pod.ts";
import { podImages } from "./pod-images.ts";
import { podRegion } from "./pod-options.ts";
import { freePort, freePorts } from "./ports.ts";
import { tempDir } from "./scope.ts";
import { withoutPrometheus } from "./without-prometheus.ts";

export interface AcmeCache extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`; the certificate is for {@link hostname}. */
  readonly url: URL;
  /** The directory that the containers `edge` and `acme` share, on this machine. */
  readonly tlsDirectory: string;
  /** The parent of all the cache's directories, on this machine. */
  readonly directory: string;
  /** The first of the ports between the cache's containers. */
  readonly internalPort: number;
  /** lego's directory, on this machine. */
  readonly legoDirectory: string;
  /** A container's name in podman, by its name in the Pod. */
  container(name: string): string;
  /** Standard output and error of a container so far. */
  logs(container: string): Promise<string>;
  /** Stops the Pod and keeps its data, or starts it again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** The value of the label that identifies its alerts. */
export const acmeRegion = `acme-${process.pid}`;

/** The name in the certificate, which clients send as `Host`. */
export const hostname = "cache.example.com";

/**
 * Plays a cache with an empty store and no certificate. It doesn't wait until the endpoint serves.
 * @param checkSeconds between two checks whether a renewal is due
 * @param retrySeconds until the first retry after a failure, doubled with each further failure
 * @param secondsPerMinute see {@link hasten}. @default the Pod without Prometheus
 */
export async function startAcmeCache(
  authority: TestAuthority,
  {
    upstreams,
    checkSeconds,
    retrySeconds,
    monitoring = defaultMonitoring,
    secondsPerMinute,
  }: Pick<CacheOptions, "upstreams" | "secondsPerMinute"> & {
    checkSeconds: number;
    retrySeconds: number;
    monitoring?: StackConfig["monitoring"];
  },
): Promise<AcmeCache> {
  const dir = await tempDir();
  const port = await freePort();
  const ports = podPorts(await freePorts(podPortCount(upstreams.length)), upstreams.length);
  const name = `registry-cache-acme-${process.pid}`;
  const path = (volume: string) => join(dir.path, volume);
  const volume = (volume: string) => ({ hostPath: { path: path(volume), type: "Directory" } });
  const serverCa = "authority.pem";
  const options: PodOptions = {
    name,
    upstreams,
    images: {
      ...(await podImages()),
      acme: await ensureImage("acme", defaultImages.acme),
    },
    ports,
    listen: { addresses: [localAddress], port },
    clients: ["127.0.0.0/8"],
    region: podRegion(acmeRegion, hostname, port),
    metricsClients: [],
    monitoring,
    budget: diskBudget(4),
    edgeMemoryMiB: 512,
    provider: "local",
    hostNetwork: true,
    acme: {
      email: "platform@example.com",
      server: authority.directory,
      dnsProvider: "httpreq",
      environment: {
        ...authority.legoEnvironment,
        LEGO_CA_CERTIFICATES: join(legoDirectory, serverCa),
        LEGO_NO_RANDOM_SLEEP: "true",
        ACME_CHECK_SECONDS: String(checkSeconds),
        ACME_RETRY_SECONDS: String(retrySeconds),
      },
    },
    volumes: {
      tls: volume("tls"),
      cache: volume("cache"),
      prometheus: volume("prometheus"),
      acme: volume("acme"),
      origin: (upstream) => volume(`origin-${upstream}`),
      secret: (name) => volume(`secrets/${name}`),
    },
  };
  const bundle = renderBundle(options, { stateDirectory: dir.path });
  const directories = [
    "tls",
    "cache",
    "prometheus",
    "acme",
    ...upstreams.map((it) => `origin-${it.name}`),
  ].map(path);
  const given = {
    name,
    region: acmeRegion,
    directory: dir.path,
    directories,
    secrets: {},
    // The edge isn't in this list, because it closes its port until it has a certificate.
    ready: ports.origins.map(({ debug }) => `http://${localAddress}:${debug}/debug/health`),
  };
  const inputs: PodmanPodInputs =
    secondsPerMinute === undefined
      ? withoutPrometheus({ ...given, bundle: bundleText(bundle) }, ports)
      : { ...given, bundle: bundleText(hasten(bundle, monitoring, secondsPerMinute)) };
  await makeOwnedDirectory(path("acme"));
  await writeFile(join(path("acme"), serverCa), authority.serverCa, { mode: 0o644 });

  const start = async () => {
    await playPod(inputs);
  };
  const container = (part: string) => containerOf(inputs, part);
  await start();
  return {
    url: new URL(`https://${localAddress}:${port}`),
    tlsDirectory: path("tls"),
    directory: dir.path,
    internalPort: ports.edgeStatus,
    legoDirectory: path("acme"),
    container,
    logs: (part) => podman(["logs", container(part)], { withStandardError: true }),
    stop: () => removePod(inputs),
    start,
    async [Symbol.asyncDispose]() {
      await removePod(inputs, { graceSeconds: 2 });
      await removeOwned(dir.path);
      await dir[Symbol.asyncDispose]();
    },
  };
}
