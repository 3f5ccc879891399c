import { podPorts } from "../../components/config/ports.ts";
import { localRegion } from "../../components/config/region.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import type { PodOptions, PodRegion } from "../../components/pod/options.ts";
import { defaultMonitoring } from "./monitoring.ts";

/** A region with the schema's defaults for the keys that all kinds of regions have. */
export function podRegion(name: string, hostname: string, port: number): PodRegion {
  return localRegion.parse({ name, endpoint: { hostname, port } });
}

/** The options of a Pod in a cluster, with defaults for everything except its upstreams. */
export function podOptions({
  upstreams,
  ...change
}: Pick<PodOptions, "upstreams"> & Partial<PodOptions>): PodOptions {
  return {
    name: "cache",
    region: podRegion("cache", "cache.example.com", 443),
    upstreams,
    images: {},
    ports: podPorts(15000, upstreams.length),
    listen: { addresses: ["0.0.0.0", "[::]"], port: 8443 },
    clients: ["203.0.113.0/24"],
    metricsClients: ["198.51.100.10/32"],
    budget: diskBudget(20),
    edgeMemoryMiB: 512,
    monitoring: defaultMonitoring,
    provider: "local",
    hostNetwork: false,
    volumes: {
      tls: { secret: { secretName: "tls" } },
      cache: { emptyDir: {} },
      prometheus: { emptyDir: {} },
      origin: () => ({ emptyDir: {} }),
      secret: (secretName) => ({ secret: { secretName } }),
    },
    ...change,
  };
}
