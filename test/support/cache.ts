/** The rendered Pod on this machine, played as the local host plays it, but without the engine: what the end-to-end tests pull from. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { type Credentials, seal, type Token } from "../../components/config/credentials.ts";
import { defaultImages } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { podPortCount } from "../../components/config/ports.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { type Layout, localAddress } from "../../components/hosts/local/layout.ts";
import { localPod } from "../../components/hosts/local/local-pod.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { type LocalPlan, planLocal } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import {
  containerOf,
  type PodmanPodInputs,
  playPod,
  removePod,
} from "../../components/hosts/local/podman-pod.ts";
import { bundleText } from "../../components/hosts/podman/bundle.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { hasten } from "./pace.ts";
import { freePort, freePorts } from "./ports.ts";
import { tempDir } from "./scope.ts";

export interface CacheOptions {
  /** As in a stack file: `{ name, registry, url, repositories, … }`. The first is the default upstream. */
  readonly upstreams: readonly { name: string; registry: string; url: string; repositories: string[] }[];
  /** As in a stack file, over the defaults of a test: `freshnessSeconds`, `storage`, `access` … */
  readonly region?: Readonly<Record<string, unknown>>;
  /** As in a stack file. */
  readonly monitoring?: Readonly<Record<string, unknown>>;
  /** As decrypted; {@link monitoring} must name a key for it. */
  readonly remoteWriteCredentials?: Credentials | Token;
  /** In the place of those that this machine has. @default none */
  readonly images?: Readonly<Record<string, string>>;
  /** See {@link hasten}. @default the Pod as it is */
  readonly secondsPerMinute?: number;
  /** How many upstreams {@link TestCache.apply} may give it. @default as many as it has */
  readonly maxUpstreams?: number;
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
  /** Changes its configuration while it runs, as `pulumi up` does: what it was started with, but for `change`. */
  apply(change: Partial<CacheOptions>): Promise<void>;
}

/** The key of the remote write's credentials, for {@link CacheOptions.monitoring}. */
export const remoteWriteKey = "metrics-credentials";

let count = 0;

/** Plays a cache with an empty store, and waits until it is ready (2 to 4 s). */
export async function startCache(options: CacheOptions): Promise<TestCache> {
  const dir = await tempDir();
  const upstreamCount = Math.max(options.upstreams.length, options.maxUpstreams ?? 0);
  const place = {
    name: `test-${process.pid}-${++count}`,
    dataDir: dir.path,
    port: await freePort(),
    internalPort: await freePorts(podPortCount(upstreamCount)),
    images: await ensureImages(defaultImages),
  };
  const first = planned(options, place);
  const { region, upstreams, place: layout } = first.plan;
  let { pod } = first;
  await makeCertificate({ directory: layout.directory, names: ["localhost", localAddress] });
  const start = async () => {
    await playPod(pod);
  };
  await start();
  const caFile = join(layout.directory, "ca", "ca.crt");
  const ca = { file: caFile, certificate: await readFile(caFile, "utf8") };
  const container = (name: string) => containerOf(pod, name);
  return {
    url: new URL(`https://localhost:${region.endpoint.port}`),
    caFile,
    ca: ca.certificate,
    layout,
    clients: clientConfiguration({ endpoint: region.endpoint, upstreams, ca }),
    container,
    logs: (name) => podman(["logs", container(name)], { withStandardError: true }),
    stop: () => removePod(pod),
    start,
    async apply(change) {
      const next = planned({ ...options, ...change }, place).pod;
      await playPod(next);
      pod = next;
    },
    async [Symbol.asyncDispose]() {
      await removePod(pod, { graceSeconds: 2 });
      await removeOwned(layout.directory);
      await dir[Symbol.asyncDispose]();
    },
  };
}

interface Place {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  readonly internalPort: number;
  readonly images: Readonly<Record<string, string>>;
}

function planned(
  {
    upstreams,
    region = {},
    images,
    monitoring = {},

    remoteWriteCredentials,
    secondsPerMinute,
  }: CacheOptions,
  place: Place,
): { readonly plan: LocalPlan; readonly pod: PodmanPodInputs } {
  const { name, dataDir, port, internalPort } = place;
  const own = { name, storage: { kind: "disk", size: "4GiB" }, endpoint: { port }, dataDir, internalPort };
  const config = parseConfig({
    provider: "local",
    regions: [{ ...own, ...region }],
    upstreams,
    monitoring,
    images: { ...place.images, ...images },
    ...(remoteWriteCredentials && { [remoteWriteKey]: seal(remoteWriteCredentials) }),
  });
  const { plan } = planLocal({ ...config, region: config.regions[0] as LocalRegion, stack: "test" });
  const pod = localPod(plan, { credentials: {}, remoteWriteCredentials });
  if (secondsPerMinute === undefined) return { plan, pod };
  const hastened = hasten(JSON.parse(pod.bundle), config.monitoring, secondsPerMinute);
  return { plan, pod: { ...pod, bundle: bundleText(hastened) } };
}
