/** The rendered Pod on this machine, played as the local host plays it, but without the engine: what the end-to-end tests pull from. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { parseConfig } from "../../components/config/parse.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { type Layout, layout } from "../../components/hosts/local/layout.ts";
import { localAddress, localPod } from "../../components/hosts/local/local-pod.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { playPod, removePod } from "../../components/hosts/local/podman-pod.ts";
import { defaultImages } from "../../components/pod/images.ts";
import { podPortCount } from "../../components/pod/ports.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { freePort, freePorts } from "./ports.ts";
import { tempDir } from "./scope.ts";

export interface CacheOptions {
  /** As in a stack file: `{ name, registry, url, repositories, … }`. The first is the default upstream. */
  readonly upstreams: readonly { name: string; registry: string; url: string; repositories: string[] }[];
  /** As in a stack file, over the defaults of a test: `freshnessSeconds`, `storage`, `access` … */
  readonly region?: Readonly<Record<string, unknown>>;
}

export interface TestCache extends AsyncDisposable {
  /** `https://localhost:<port>` */
  readonly url: URL;
  /** Path and PEM of the authority that clients must trust. */
  readonly caFile: string;
  readonly ca: string;
  readonly layout: Layout;
  readonly clients: ReturnType<typeof clientConfiguration>;
  /** The name that podman knows a container of the Pod by. */
  container(name: string): string;
  /** Standard output and error of a container so far. */
  logs(container: string): Promise<string>;
  /** Stops the Pod and keeps its data, or starts it again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

let count = 0;

/** Plays a cache with an empty store, and waits until it is ready (2 to 4 s). */
export async function startCache({ upstreams, region = {} }: CacheOptions): Promise<TestCache> {
  const dir = await tempDir();
  const config = parseConfig({
    provider: "local",
    regions: [
      {
        name: `test-${process.pid}-${++count}`,
        storage: { kind: "disk", size: "4GiB" },
        endpoint: { port: await freePort() },
        dataDir: dir.path,
        internalPort: await freePorts(podPortCount(upstreams.length)),
        ...region,
      },
    ],
    upstreams,
    images: await ensureImages(defaultImages),
  });
  const local = config.regions[0] as LocalRegion;
  const place = layout(local, config.upstreams);
  const certificate = await makeCertificate({
    directory: place.directory,
    names: ["localhost", localAddress],
  });
  const caFile = join(place.directory, "ca", "ca.crt");
  const pod = localPod({
    region: local,
    upstreams: config.upstreams,
    images: config.images,
    monitoring: config.monitoring,
    fingerprint: certificate.fingerprint,
    credentials: {},
  });
  const start = async () => {
    await playPod(pod);
  };
  const container = (name: string) => `${place.podName}-${name}`;
  await start();
  return {
    url: new URL(`https://localhost:${local.endpoint.port}`),
    caFile,
    ca: await readFile(caFile, "utf8"),
    layout: place,
    clients: clientConfiguration({ endpoint: local.endpoint, upstreams: config.upstreams, caFile }),
    container,
    logs: (name) => podman(["logs", container(name)], { withStandardError: true }),
    stop: () => removePod(pod),
    start,
    async [Symbol.asyncDispose]() {
      await removePod(pod, { graceSeconds: 2 });
      await removeOwned(place.directory);
      await dir[Symbol.asyncDispose]();
    },
  };
}
