/** The upstream of all contestants: a registry behind a proxy that adds distance, and counts what it sends. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { artifact, type Blob, blob, type Content, mediaTypes } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { randomImage } from "../support/images.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { tempDir } from "../support/scope.ts";
import { testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

export interface Distance {
  /** Added to each answer. Connections are established without delay. */
  readonly roundTripMs: number;
  /** Decimal megabytes per second and connection. @default unlimited */
  readonly megabytesPerSecond?: number;
}

export interface FarUpstream extends AsyncDisposable {
  /** Plain HTTP on loopback. */
  readonly url: URL;
  readonly repository: string;
  readonly tag: string;
  /** Pushes an artifact with a new blob of random bytes. Moves the tag. */
  publish(megabytes: number): Promise<Blob>;
  /** Pushes an image with one layer of random bytes under a tag of its own, for contestants that need a manifest before its blobs. */
  publishImage(megabytes: number): Promise<Content>;
  /** The file that holds a published blob's bytes. */
  file(blob: Blob): string;
  setDistance(distance: Distance): Promise<void>;
  /** Ends all connections, so that every measurement starts without any. @returns the number of bytes over them, including headers */
  endConnections(): Promise<number>;
}

export async function startFarUpstream(): Promise<FarUpstream> {
  await using started = new AsyncDisposableStack();
  const registry = started.use(await testUpstream());
  const directory = started.use(await tempDir());
  const [apiPort, port] = [await freePort(), await freePort()];
  started.use(
    await startProcess(
      await ensureTool("toxiproxy-server"),
      ["-host", "127.0.0.1", "-port", String(apiPort), "-proxy-metrics"],
      { logFile: join(directory.path, "toxiproxy.log"), env: { LOG_LEVEL: "fatal" } },
    ),
  );
  const toxiproxy = api(new URL(`http://127.0.0.1:${apiPort}`));
  await waitUntil("toxiproxy answers", () => toxiproxy.get("/version"));
  await toxiproxy.post("/proxies", {
    name: "upstream",
    listen: `127.0.0.1:${port}`,
    upstream: registry.url.host,
  });
  const repository = "giantswarm/bench";
  const tag = "latest";
  let counted = 0;
  const resources = started.move();
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    repository,
    tag,
    async publish(megabytes) {
      const layer = blob(mediaTypes.layer, randomBytes(megabytes * 1_000_000));
      await push(registry.url, artifact({ repository, tags: [tag], layers: [layer] }));
      return { ...layer, bytes: new Uint8Array() };
    },
    async publishImage(megabytes) {
      const image = await randomImage({
        repository,
        tag: randomBytes(8).toString("hex"),
        layerMB: megabytes,
      });
      await push(registry.url, image);
      return image;
    },
    file: ({ digest }) => registry.file(digest),
    async setDistance({ roundTripMs, megabytesPerSecond }) {
      await toxiproxy.post("/reset");
      const toxics = {
        latency: { latency: roundTripMs },
        ...(megabytesPerSecond !== undefined && { bandwidth: { rate: megabytesPerSecond * 1000 } }),
      };
      for (const [type, attributes] of Object.entries(toxics)) {
        await toxiproxy.post("/proxies/upstream/toxics", { type, stream: "downstream", attributes });
      }
    },
    async endConnections() {
      // Toxiproxy adds a connection's bytes to the metric when the connection ends.
      await toxiproxy.post("/proxies/upstream", { enabled: false });
      const before = counted;
      counted = await settled(async () => receivedBytes(await toxiproxy.get("/metrics")));
      await toxiproxy.post("/proxies/upstream", { enabled: true });
      return counted - before;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Toxiproxy's HTTP API: https://github.com/Shopify/toxiproxy/blob/v2.12.0/README.md#http-api */
function api(base: URL) {
  const request = async (path: string, init?: RequestInit) => {
    const response = await fetch(new URL(path, base), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`toxiproxy: ${path}: ${response.status} ${text}`);
    return text;
  };
  return {
    get: (path: string) => request(path),
    post: (path: string, body: unknown = {}) => request(path, { method: "POST", body: JSON.stringify(body) }),
  };
}

/** https://github.com/Shopify/toxiproxy/blob/v2.12.0/METRICS.md. The metric is missing until the first connection has ended. */
function receivedBytes(metrics: string): number {
  const value = metrics.match(
    /^toxiproxy_proxy_received_bytes_total\{direction="downstream",.*\} (\S+)$/m,
  )?.[1];
  return Number(value ?? 0);
}

/** Waits until a value has been the same for 200 ms. */
async function settled(read: () => Promise<number>): Promise<number> {
  let last = await read();
  let since = Date.now();
  return waitUntil("the upstream's connections have ended", async () => {
    const now = await read();
    if (now !== last) [last, since] = [now, Date.now()];
    return Date.now() - since >= 200 ? { now } : undefined;
  }).then(({ now }) => now);
}
