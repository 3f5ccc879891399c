/**
 * The configurations of registries and edge in a Pod with a shared store, or with shared volumes, as files to review. test/e2e/config-check.test.ts
 * has the programs read them. After an intended change: node --test --test-update-snapshots test/golden/pod-store.test.ts
 */
import { join } from "node:path";
import { ownDiskBudget, scratchBudget } from "../../components/pod/edge/budget.ts";
import type { PodOptions } from "../../components/pod/options.ts";
import { renderPod } from "../../components/pod/pod.ts";
import { testGolden } from "../support/golden.ts";
import { podOptions } from "../support/pod-options.ts";

type Change = Partial<Pick<PodOptions, "store" | "proxies" | "peers" | "prefetch" | "budget">>;

const cases: Record<string, Change> = {
  "pod-s3-redirect": {
    store: { kind: "s3", bucket: "registry-cache", region: "eu-central-1", delivery: "redirect" },
    prefetch: { references: [], platforms: "all", everyMinutes: 60, mbps: 200, workingSetGiB: 150 },
  },
  "pod-azure-behind-proxies": {
    store: { kind: "azure", account: "registrycache", container: "blobs", delivery: "proxied" },
    proxies: ["10.0.0.0/8", "2001:db8::/32"],
  },
  "pod-sharing": {
    budget: ownDiskBudget(200),
    peers: { port: 8444, servers: ["registry-cache-0:8444", "registry-cache-1:8444"] },
  },
};

function render(change: Change): Record<string, string> {
  const gsoci = {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    url: "https://gsoci.azurecr.io",
    repositories: ["giantswarm/**"],
  };
  const { configMaps } = renderPod(
    podOptions({ upstreams: [gsoci], budget: scratchBudget(11, 6), ...change }),
  );
  return Object.fromEntries(
    configMaps.flatMap(({ metadata, data = {} }) => {
      const container = metadata?.name?.slice("cache-".length) ?? "";
      return Object.entries(data)
        .filter(([file]) => /^(?:edge|origin|stored)/.test(container) && /\.(?:conf|yml)$/.test(file))
        .map(([file, text]) => [`${container}/${file}`, text]);
    }),
  );
}

for (const [name, change] of Object.entries(cases)) {
  testGolden(join(import.meta.dirname, name), render(change), `${name}/`);
}
