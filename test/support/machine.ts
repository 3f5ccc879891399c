/** A machine that follows its Pod, simulated as the cache's Prometheus sees it. docs/metrics.md describes its metrics. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { TestCache } from "./cache.ts";
import { filesDirectory } from "./cache-containers.ts";
import { startServer } from "./server.ts";

interface PodState {
  readonly wanted: string;
  readonly applied: string;
  /** Unix time. */
  readonly appliedSeconds: number;
  /** Why the wanted Pod isn't applied. @default nothing failed */
  readonly failure?: string;
}

export interface TestMachine extends AsyncDisposable {
  /** The state in the metrics of its node_exporter, which were always updated just now. */
  state: PodState;
}

/** Adds the machine to a cache whose Prometheus reloads its configuration while it runs. */
export async function startMachine(cache: TestCache, state: PodState): Promise<TestMachine> {
  const machine = { state };
  const server = await startServer((_, response) => response.end(metrics(machine.state)));
  await scrape(cache, server.port);
  return Object.assign(machine, { [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() });
}

function metrics({ wanted, applied, appliedSeconds, failure }: PodState): string {
  return [
    `registry_cache_pod_wanted_info{digest="${wanted}"} 1`,
    `registry_cache_pod_applied_info{digest="${applied}"} 1`,
    `registry_cache_pod_applied_time_seconds ${appliedSeconds}`,
    `registry_cache_pod_look_time_seconds ${Date.now() / 1000}`,
    `registry_cache_pod_outdated ${wanted === applied && failure === undefined ? 0 : 1}`,
    ...(failure === undefined ? [] : [`registry_cache_pod_failure_info{reason="${failure}"} 1`]),
    "",
  ].join("\n");
}

async function scrape(cache: TestCache, port: number): Promise<void> {
  const directory = await filesDirectory(cache.container("prometheus"), "prometheus");
  const file = join(directory, "prometheus.yml");
  const configuration = parse(await readFile(file, "utf8"));
  configuration.scrape_configs.push({
    job_name: "registry-cache-node",
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
  });
  await writeFile(file, stringify(configuration));
}
