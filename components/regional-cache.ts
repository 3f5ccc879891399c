import * as pulumi from "@pulumi/pulumi";
import { authority } from "./clients/cache-address.ts";
import { type ClientConfiguration, clientConfiguration } from "./clients/clients.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { AnyRegion, Upstream } from "./config/schema.ts";
import type { FoundRegion } from "./hosts/kind.ts";
import { type CentralMonitoring, centralMonitoring } from "./monitoring/central.ts";
import { externalLabels } from "./pod/options.ts";

export interface RegionalCacheArgs {
  /** The region, planned and looked up. */
  readonly found: FoundRegion;
  readonly secrets: LoadedConfig["secrets"];
}

/** Where and what a cache is. */
export interface CacheOutputs {
  /** URL that clients ask. */
  readonly endpoint: string;
  /** IP address, or name of a load balancer, that the endpoint's name leads to. */
  readonly address: string;
  /** The authority that clients have to trust, where it isn't a public one: the file that their configuration names, and its content, PEM. */
  readonly ca?: { readonly file: string; readonly certificate: string } | undefined;
  /** For clients in other accounts: what their endpoint leads to, and the name that they must resolve to it. */
  readonly privateLink?: { readonly service: string; readonly hostname: string };
  readonly topology: AnyRegion["topology"];
  /** Digest of the Pod that the region's machine is told to run, hexadecimal: its metrics tell which one it runs. */
  readonly pod?: string;
  /** As the configuration has it, with the size of the disk in GiB, and the URL of a bucket. */
  readonly storage: { readonly kind: "disk" | "bucket"; readonly sizeGiB: number; readonly url?: string };
  readonly upstreams: readonly Pick<Upstream, "name" | "registry" | "url" | "repositories">[];
}

/** The cache of one provider and region, whatever the provider: where it is, and what clients need to use it. See createCaches(). */
export class RegionalCache extends pulumi.ComponentResource {
  readonly cache: pulumi.Output<CacheOutputs>;
  /** Per kind of client what to put where. */
  readonly clients: pulumi.Output<ClientConfiguration>;
  /** What a Prometheus outside needs. */
  readonly monitoring: pulumi.Output<CentralMonitoring>;

  constructor({ found, secrets }: RegionalCacheArgs, options?: pulumi.ComponentResourceOptions) {
    const { stack, region, upstreams, images, monitoring, metrics } = found.plan;
    super("registry-cache:index:RegionalCache", region.name, {}, options);
    const endpoint = `https://${authority(region.endpoint)}`;
    const host = found.createHost(secrets, { parent: this });

    this.cache = pulumi.output({
      endpoint,
      address: host.address,
      ca: host.ca,
      ...(host.privateLink && {
        privateLink: { service: host.privateLink, hostname: region.endpoint.hostname },
      }),
      topology: region.topology,
      // Made of what may be secret, and tells nothing of it.
      ...(host.pod && { pod: pulumi.unsecret(host.pod) }),
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
      clientConfiguration({
        region: region.name,
        endpoint: region.endpoint,
        dialTimeoutMilliseconds: region.dialTimeoutMilliseconds,
        upstreams,
        images,
        ...(ca && { ca }),
      }),
    );
    this.monitoring = host.ca.apply((ca) =>
      centralMonitoring({
        stack,
        region: region.name,
        endpoint,
        labels: externalLabels(found.plan),
        address: metrics,
        alerts: monitoring.alerts,
        ca: ca?.certificate,
      }),
    );
    this.registerOutputs({ cache: this.cache, clients: this.clients, monitoring: this.monitoring });
  }
}
