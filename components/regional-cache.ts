import * as pulumi from "@pulumi/pulumi";
import { authority, clientConfiguration } from "./clients/clients.ts";
import type { HostArgs, HostDriver } from "./hosts/host.ts";

export interface RegionalCacheArgs extends HostArgs {
  /** Of the stack's provider: see loadDriver(). */
  readonly driver: HostDriver;
}

/** The cache of one provider and region, whatever the provider: where it is, and what clients need to use it. */
export class RegionalCache extends pulumi.ComponentResource {
  /** Where and what the cache is: see the README's table of outputs. */
  readonly cache: pulumi.Output<object>;
  /** Per kind of client what to put where. */
  readonly clients: pulumi.Output<object>;

  constructor({ driver, ...args }: RegionalCacheArgs, options?: pulumi.ComponentResourceOptions) {
    const { region, upstreams } = args;
    super("registry-cache:index:RegionalCache", region.name, {}, options);
    const host = driver.createHost(region.name, args, { parent: this });

    this.cache = pulumi.output({
      endpoint: `https://${authority(region.endpoint)}`,
      address: host.address,
      ca: host.ca,
      topology: region.topology,
      storage: { ...region.storage, sizeGiB: host.diskGiB },
      upstreams: upstreams.map(({ name, registry, url, repositories }) => ({
        name,
        registry,
        url,
        repositories,
      })),
    });
    this.clients = host.ca.apply((ca) =>
      clientConfiguration({ endpoint: region.endpoint, upstreams, ...(ca && { caFile: ca.file }) }),
    );
    this.registerOutputs({ cache: this.cache, clients: this.clients });
  }
}
