import * as pulumi from "@pulumi/pulumi";
import { authority } from "./clients/cache-address.ts";
import { clientConfiguration } from "./clients/clients.ts";
import type { HostArgs, HostDriver } from "./hosts/host.ts";
import { centralMonitoring } from "./monitoring/central.ts";

export interface RegionalCacheArgs extends HostArgs {
  /** Of the stack's provider: see loadDriver(). */
  readonly driver: HostDriver;
  /** By the driver's lookUp(), where it has one. */
  readonly found?: unknown;
}

/** The cache of one provider and region, whatever the provider: where it is, and what clients need to use it. */
export class RegionalCache extends pulumi.ComponentResource {
  /** Where and what the cache is: see the README's table of outputs. */
  readonly cache: pulumi.Output<object>;
  /** Per kind of client what to put where. */
  readonly clients: pulumi.Output<object>;
  /** What a Prometheus outside needs. */
  readonly monitoring: pulumi.Output<object>;

  constructor({ driver, found, ...args }: RegionalCacheArgs, options?: pulumi.ComponentResourceOptions) {
    const { region, upstreams, monitoring } = args;
    super("registry-cache:index:RegionalCache", region.name, {}, options);
    const host = driver.createHost(region.name, args, { parent: this }, found);

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
    this.monitoring = host.ca.apply((ca) => centralMonitoring(region, monitoring, ca?.certificate));
    this.registerOutputs({ cache: this.cache, clients: this.clients, monitoring: this.monitoring });
  }
}
