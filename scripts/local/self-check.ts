import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { layout } from "../../components/hosts/local/plan.ts";
import { podmanEnvironment } from "../../components/hosts/local/podman.ts";
import { step } from "../setup/steps.ts";
import type { Outputs, Stack } from "./stack.ts";

/** One pull of a real image through the cache, as a client saw it and as the cache counted it. */
export interface Pull {
  readonly image: string;
  readonly seconds: number;
  /** What the cache sent. */
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
}

/** Pulls each region's first probe image twice by podman, configured by the stack's own outputs and with an empty store. */
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
    if (!client) throw new Error(`the stack has no output clients.${region.name}`);
    const { exporter } = layout(region, upstreams).ports;
    for (const turn of ["first", "second"]) {
      const title = `Pulling ${image} through the cache, ${turn} time`;
      const pull = await step(
        title,
        "see the edge's log: podman logs $(podman ps -qf label=app.kubernetes.io/component=edge)",
        () => measurePull(image, client.registriesConf, outputs.caches[region.name]?.ca?.file, exporter),
      );
      pulls.push(pull);
    }
  }
  return pulls;
}

async function measurePull(
  image: string,
  registriesConf: string,
  caFile: string | undefined,
  exporterPort: number,
): Promise<Pull> {
  const directory = await mkdtemp(join(tmpdir(), "registry-cache-check-"));
  try {
    const configuration = join(directory, "registries.conf");
    await writeFile(configuration, registriesConf);
    if (caFile) await copyFile(caFile, join(directory, "ca.crt"));
    const before = await served(exporterPort);
    const start = performance.now();
    const env = { ...podmanEnvironment(), CONTAINERS_REGISTRIES_CONF: configuration };
    await execa({ env, timeout: 300_000 })`podman --storage-driver=vfs
      --root=${directory}/root --runroot=${directory}/run --tmpdir=${directory}/tmp
      pull --quiet --cert-dir ${directory} ${image}`;
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
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the cache has counted so far for manifests, tags and blobs. */
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
