import * as pulumi from "@pulumi/pulumi";
import { authority } from "./clients/cache-address.ts";
import { clientConfiguration } from "./clients/clients.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { FoundRegion } from "./hosts/kind.ts";
import { centralMonitoring } from "./monitoring/central.ts";

export interface RegionalCacheArgs {
  /** The region, planned and looked up. */
  readonly found: FoundRegion;
  readonly secrets: LoadedConfig["secrets"];
}

/** The cache of one provider and region, whatever the provider: where it is, and what clients need to use it. See createCaches(). */
export class RegionalCache extends pulumi.ComponentResource {
  /** Where and what the cache is: see the README's table of outputs. */
  readonly cache: pulumi.Output<object>;
  /** Per kind of client what to put where. */
  readonly clients: pulumi.Output<object>;
  /** What a Prometheus outside needs. */
  readonly monitoring: pulumi.Output<object>;

  constructor({ found, secrets }: RegionalCacheArgs, options?: pulumi.ComponentResourceOptions) {
    const { region, upstreams, monitoring, metrics } = found.plan;
    super("registry-cache:index:RegionalCache", region.name, {}, options);
    const host = found.createHost(secrets, { parent: this });

    this.cache = pulumi.output({
      endpoint: `https://${authority(region.endpoint)}`,
      address: host.address,
      ca: host.ca,
      topology: region.topology,
      storage: {
        ...region.storage,
        sizeGiB: host.diskGiB,
        ...(host.bucketUrl !== undefined && { url: host.bucketUrl }),
      },
      upstreams: upstreams.map(({ name, registry, url, repositories }) => ({
        name,
        registry,
        url,
        repositories,
      })),
    });
    this.clients = host.ca.apply((ca) =>
      clientConfiguration({ endpoint: region.endpoint, upstreams, ...(ca && { ca }) }),
    );
    this.monitoring = host.ca.apply((ca) =>
      centralMonitoring(region.name, metrics, monitoring, ca?.certificate),
    );
    this.registerOutputs({ cache: this.cache, clients: this.clients, monitoring: this.monitoring });
  }
}
