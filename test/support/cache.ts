/** The rendered Pod on this machine, played as the local host plays it, but without the engine: what the end-to-end tests pull from. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { type Credentials, seal, type Token } from "../../components/config/credentials.ts";
import { defaultImages } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { podPortCount } from "../../components/config/ports.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { bundleText } from "../../components/hosts/podman/bundle.ts";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { type Layout, localAddress } from "../../components/hosts/local/layout.ts";
import { localPod } from "../../components/hosts/local/local-pod.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { planLocal } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { containerOf, playPod, removePod } from "../../components/hosts/local/podman-pod.ts";
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
  /** See {@link hasten}. @default the Pod as it is */
  readonly secondsPerMinute?: number;
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

/** The key of the remote write's credentials, for {@link CacheOptions.monitoring}. */
export const remoteWriteKey = "metrics-credentials";

let count = 0;

/** Plays a cache with an empty store, and waits until it is ready (2 to 4 s). */
export async function startCache({
  upstreams,
  region = {},
  monitoring = {},
  remoteWriteCredentials,
  secondsPerMinute,
}: CacheOptions): Promise<TestCache> {
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
    monitoring,
    images: await ensureImages(defaultImages),
    ...(remoteWriteCredentials && { [remoteWriteKey]: seal(remoteWriteCredentials) }),
  });
  const local = config.regions[0] as LocalRegion;
  const { plan } = planLocal({ ...config, region: local, stack: "test" });
  const { place } = plan;
  await makeCertificate({
    directory: place.directory,
    names: ["localhost", localAddress],
  });
  const caFile = join(place.directory, "ca", "ca.crt");
  const played = localPod(plan, {
    credentials: {},
    remoteWriteCredentials,
  });
  const pod =
    secondsPerMinute === undefined
      ? played
      : { ...played, bundle: bundleText(hasten(JSON.parse(played.bundle), config.monitoring, secondsPerMinute)) };
  const start = async () => {
    await playPod(pod);
  };
  const container = (name: string) => containerOf(pod, name);
  await start();
  const ca = { file: caFile, certificate: await readFile(caFile, "utf8") };
  return {
    url: new URL(`https://localhost:${local.endpoint.port}`),
    caFile,
    ca: ca.certificate,
    layout: place,
    clients: clientConfiguration({ endpoint: local.endpoint, upstreams: config.upstreams, ca }),
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
