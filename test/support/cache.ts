/** Runs the rendered Pod on this machine as the local host does, but without the engine. Most end-to-end tests pull from it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { type Credentials, seal, type Token } from "../../components/config/credentials.ts";
import type { Images } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { podPortCount } from "../../components/config/ports.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { type Engine, isZot } from "../../components/config/upstream.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { localPod } from "../../components/hosts/local/local-pod.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { type Layout, localAddress, planLocal } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import {
  type PodmanPodInputs,
  playPod,
  removePod,
  restartReaders,
} from "../../components/hosts/local/podman-pod.ts";
import {
  type Bundle,
  type BundlePart,
  bundleParts,
  bundleText,
} from "../../components/hosts/podman/bundle.ts";
import { ensureImage } from "../../scripts/setup/images.ts";
import { hasten } from "./pace.ts";
import { containerOf } from "./played-pod.ts";
import { podImages } from "./pod-images.ts";
import { freePort, freePorts } from "./ports.ts";
import { tempDir } from "./scope.ts";
import { withoutPrometheus } from "./without-prometheus.ts";
import { withZotV1 } from "./zot.ts";

/** The configuration that a running cache can change. */
export interface CacheConfiguration {
  /** As in a stack file: `{ name, registry, url, repositories, … }`. The first is the default upstream. */
  readonly upstreams: readonly {
    name: string;
    registry: string;
    url: string;
    repositories: string[];
    engine?: Engine;
    credentials?: string;
  }[];
  /** As in a stack file, merged over the tests' defaults: `freshnessSeconds`, `storage`, `access` … */
  readonly region?: Readonly<Record<string, unknown>>;
  /** As in a stack file. */
  readonly monitoring?: Readonly<Record<string, unknown>>;
  /** As in a stack file. It can change, but not be added later. */
  readonly prefetch?: Readonly<Record<string, unknown>>;
  /** As in a stack file. */
  readonly trustedAuthorities?: string;
  /** Replaces some of this machine's images. */
  readonly images?: Partial<Images>;
}

export interface CacheOptions extends CacheConfiguration {
  /** Decrypted, by the names that upstreams refer to. {@link TestCache.apply} can replace them. */
  readonly credentials?: Readonly<Record<string, Credentials>>;
  /** Decrypted; {@link monitoring} must name a key for it. */
  readonly remoteWriteCredentials?: Credentials | Token;
  /** See {@link hasten}. @default the Pod as it is */
  readonly secondsPerMinute?: number;
  /** Whether Prometheus runs. @default only with {@link secondsPerMinute} */
  readonly hasPrometheus?: boolean;
}

export interface TestCache extends AsyncDisposable {
  /** `https://localhost:<port>` */
  readonly url: URL;
  /** Path and PEM of the authority that clients must trust. */
  readonly caFile: string;
  readonly ca: string;
  readonly layout: Layout;
  readonly clients: ReturnType<typeof clientConfiguration>;
  /** A container's name in podman, by its name in the Pod. */
  container(name: string): string;
  /** The parts of the Pod by its current configuration. */
  parts(): readonly BundlePart[];
  /** Standard output and error of a container so far. */
  logs(container: string): Promise<string>;
  /** Stops the Pod and keeps its data, or starts it again. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /**
   * Changes the configuration; what `change` omits stays. If the cache isn't healthy with it, the cache keeps the previous one.
   * @throws as playPod() does
   */
  apply(change: Partial<CacheConfiguration>): Promise<void>;
}

/** The key of the remote write's credentials, for {@link CacheOptions.monitoring}. */
export const remoteWriteKey = "metrics-credentials";

let count = 0;

/** How many upstreams {@link TestCache.apply} can add. */
const spareUpstreams = 3;

/** Plays a cache with an empty store, and waits until it is ready (2 to 4 s). */
export async function startCache({
  credentials = {},
  remoteWriteCredentials,
  secondsPerMinute,
  hasPrometheus = secondsPerMinute !== undefined,
  ...initial
}: CacheOptions): Promise<TestCache> {
  const dir = await tempDir();
  const ownRegion = {
    name: `test-${process.pid}-${++count}`,
    storage: { kind: "disk", size: "4GiB" },
    endpoint: { port: await freePort() },
    dataDir: dir.path,
    internalPort: await freePorts(podPortCount(initial.upstreams.length + spareUpstreams)),
    ...initial.region,
  };
  const found = await podImages();
  const known = initial.upstreams.some(isZot)
    ? { ...found, zot: await ensureImage("zot", found.zot) }
    : found;
  const isOldZot = known.zot !== found.zot;
  const render = ({
    upstreams,
    region,
    monitoring = {},
    prefetch,
    trustedAuthorities,
    images,
  }: CacheConfiguration) => {
    const config = parseConfig({
      provider: "local",
      regions: [{ ...ownRegion, ...region }],
      upstreams,
      monitoring,
      ...(prefetch && { prefetch }),
      ...(trustedAuthorities !== undefined && { trustedAuthorities }),
      images: { ...known, ...images },
      ...(remoteWriteCredentials && { [remoteWriteKey]: seal(remoteWriteCredentials) }),
      ...Object.fromEntries(Object.entries(credentials).map(([key, value]) => [key, seal(value)])),
    });
    const local = config.regions[0] as LocalRegion;
    const { plan } = planLocal({ ...config, region: local, stack: "test" });
    const pod = localPod(plan, { credentials, remoteWriteCredentials });
    const bundle: Bundle = JSON.parse(pod.bundle);
    const runnable = isOldZot ? withZotV1(bundle) : bundle;
    const whole: PodmanPodInputs = {
      ...pod,
      bundle: bundleText(
        secondsPerMinute === undefined ? runnable : hasten(runnable, config.monitoring, secondsPerMinute),
      ),
    };
    return {
      place: plan.place,
      endpoint: local.endpoint,
      upstreams: config.upstreams,
      pod: hasPrometheus ? whole : withoutPrometheus(whole, plan.place.ports),
    };
  };
  let configuration: CacheConfiguration = initial;
  let { pod } = render(configuration);
  const { place, endpoint, upstreams } = render(configuration);
  await makeCertificate({ directory: place.directory, names: ["localhost", localAddress] });
  const caFile = join(place.directory, "ca", "ca.crt");
  const start = async () => {
    await playPod(pod);
  };
  const container = (name: string) => containerOf(pod, name);
  await start();
  const ca = { file: caFile, certificate: await readFile(caFile, "utf8") };
  return {
    url: new URL(`https://localhost:${endpoint.port}`),
    caFile,
    ca: ca.certificate,
    layout: place,
    clients: clientConfiguration({ endpoint, upstreams, ca }),
    container,
    parts: () => bundleParts(JSON.parse(pod.bundle)),
    logs: (name) => podman(["logs", container(name)], { withStandardError: true }),
    stop: () => removePod(pod),
    start,
    async apply(change) {
      const changed = { ...configuration, ...change };
      const next = render(changed).pod;
      await playPod(next);
      await restartReaders(pod, next);
      [configuration, pod] = [changed, next];
    },
    async [Symbol.asyncDispose]() {
      await removePod(pod, { graceSeconds: 2 });
      await removeOwned(place.directory);
      await dir[Symbol.asyncDispose]();
    },
  };
}
