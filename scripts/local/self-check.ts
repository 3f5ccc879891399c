import { once } from "node:events";
import { copyFile, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionOptions, connect } from "node:tls";
import { parse, stringify } from "smol-toml";
import { layout, localAddress } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { readCertificate } from "../../components/hosts/private-ca.ts";
import { step } from "../command/steps.ts";
import type { Outputs, Stack } from "./stack.ts";

/** One pull of a real image through the cache: the client's and the cache's figures. */
export interface Pull {
  readonly image: string;
  readonly seconds: number;
  /** Bytes that the cache sent. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

/** Pulls each region's first probe image twice with podman. podman is configured from the stack's own outputs, and its store is empty. */
export async function runSelfCheck(
  { regions, upstreams }: Stack["config"],
  outputs: Outputs,
): Promise<Pull[]> {
  const upstream = upstreams.find(({ probe }) => probe !== undefined);
  if (!upstream) return [];
  const image = `${upstream.registry}/${upstream.probe}`;
  const pulls: Pull[] = [];
  for (const region of regions) {
    const client = outputs.clients[region.name];
    const cache = outputs.caches[region.name];
    if (!client || !cache) throw new Error(`the stack has no outputs of ${region.name}`);
    const { tls, ports } = layout(region, upstreams);
    await step("Waiting for the endpoint's certificate", edgeLog, () =>
      waitUntilServed(join(tls, "tls.crt"), new URL(cache.endpoint)),
    );
    const wayOut = cache.ca
      ? edgeLog
      : `where its authority isn't trusted: put that into /etc/containers/certs.d/${new URL(cache.endpoint).host}/ca.crt. Otherwise, ${edgeLog}`;
    for (const turn of ["first", "second"]) {
      const title = `Pulling ${image} through the cache, ${turn} time`;
      pulls.push(
        await step(title, wayOut, () =>
          measurePull(image, withoutFallback(client.registriesConf), cache.ca?.file, ports.exporter),
        ),
      );
    }
  }
  return pulls;
}

const edgeLog = "see the edge's log: podman logs $(podman ps -qf label=app.kubernetes.io/component=edge)";

/** The edge checks for a new certificate every 2 s. */
const takenUpSeconds = 15;

async function waitUntilServed(file: string, { hostname, port }: URL): Promise<void> {
  const { fingerprint256 } = await readCertificate(file);
  const server = { host: localAddress, port: Number(port) || 443, servername: hostname };
  const deadline = Date.now() + takenUpSeconds * 1000;
  while ((await servedFingerprint(server)) !== fingerprint256) {
    if (Date.now() > deadline)
      throw new Error(`after ${takenUpSeconds} s, the endpoint doesn't serve the certificate in ${file}`);
    await sleep(200);
  }
}

/** @returns undefined if nothing answers */
async function servedFingerprint(server: ConnectionOptions): Promise<string | undefined> {
  const socket = connect({ ...server, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(2000) });
    return socket.getPeerX509Certificate()?.fingerprint256;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** Replaces the upstream by an address where nothing listens. podman then reports why it couldn't pull from the cache, instead of pulling from the upstream. */
function withoutFallback(registriesConf: string): string {
  const { registry, ...rest } = parse(registriesConf) as { registry: object[] };
  const nowhere = { location: `${localAddress}:1`, insecure: true };
  return stringify({ ...rest, registry: registry.map((one) => ({ ...one, ...nowhere })) });
}

async function measurePull(
  image: string,
  registriesConf: string,
  caFile: string | undefined,
  exporterPort: number,
): Promise<Pull> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-check-"));
  const configuration = join(directory.path, "registries.conf");
  await writeFile(configuration, registriesConf);
  if (caFile) await copyFile(caFile, join(directory.path, "ca.crt"));
  const before = await served(exporterPort);
  const start = performance.now();
  const store = ["root", "runroot", "tmpdir"].map((name) => `--${name}=${join(directory.path, name)}`);
  const trust = caFile ? ["--cert-dir", directory.path] : [];
  await podman(["pull", image, "--quiet", "--log-level=error", "--storage-driver=vfs", ...store, ...trust], {
    variables: { CONTAINERS_REGISTRIES_CONF: configuration },
    timeoutSeconds: 300,
  });
  const seconds = (performance.now() - start) / 1000;
  await sleep(200);
  const after = await served(exporterPort);
  return {
    image,
    seconds,
    bytes: after.bytes - before.bytes,
    hits: after.hits - before.hits,
    misses: after.misses - before.misses,
  };
}

/** The cache's counters for manifests, tags and blobs. */
async function served(exporterPort: number): Promise<{ bytes: number; hits: number; misses: number }> {
  const metrics = await (await fetch(`http://127.0.0.1:${exporterPort}/metrics`)).text();
  const samples = [...metrics.matchAll(/^registry_cache_http_(\w+)\{(.*)\} (\S+)$/gm)]
    .map(([, name = "", labels = "", value = ""]) => ({ name, labels, value: Number(value) }))
    .filter(({ labels }) => /kind="(?:blob|manifest|tag)"/.test(labels));
  const sum = (metric: string, label: RegExp) =>
    samples
      .filter(({ name, labels }) => name === metric && label.test(labels))
      .reduce((total, { value }) => total + value, 0);
  return {
    bytes: sum("response_size_bytes", /status="200"/),
    hits: sum("response_count_total", /cache="(?:HIT|REVALIDATED|STALE|UPDATING)"/),
    misses: sum("response_count_total", /cache="(?:MISS|EXPIRED)"/),
  };
}
