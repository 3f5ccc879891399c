import * as pulumi from "@pulumi/pulumi";
import { cacheUrl } from "./clients/cache-address.ts";
import type { ClientConfiguration } from "./clients/clients.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { AnyRegion, Upstream } from "./config/schema.ts";
import type { FoundRegion } from "./hosts/kind.ts";
import type { CentralMonitoring } from "./monitoring/central.ts";
import { clientsOf, monitoringOf } from "./region-outputs.ts";

export interface RegionalCacheArgs {
  /** The region, planned and looked up. */
  readonly found: FoundRegion;
  readonly secrets: LoadedConfig["secrets"];
}

/** The stack output `caches.<region>`: where a cache is and what it serves. */
export interface CacheOutputs {
  /** URL that clients send requests to. */
  readonly endpoint: string;
  /** IP address, or DNS name of a load balancer, that the endpoint's host name resolves to. */
  readonly address: string;
  /** The certificate authority that clients must trust: its file on the client and its certificate, PEM. Undefined for a public authority. */
  readonly ca?: { readonly file: string; readonly certificate: string } | undefined;
  /** For clients in other accounts: the service that their private endpoint connects to, and the host name that must resolve to that endpoint. */
  readonly privateLink?: { readonly service: string; readonly hostname: string };
  readonly topology: AnyRegion["topology"];
  /** Digest of the Pod that the region's machine is to run, hexadecimal. The machine's metrics tell which Pod it runs now. */
  readonly pod?: string;
  /** The configured storage, with the actual size of the disk in GiB and the URL of the bucket, if there is one. */
  readonly storage: { readonly kind: "disk" | "bucket"; readonly sizeGiB: number; readonly url?: string };
  readonly upstreams: readonly Pick<Upstream, "name" | "registry" | "url" | "repositories">[];
}

/** The cache of one region, with the same outputs for every provider. createCaches() creates it. */
export class RegionalCache extends pulumi.ComponentResource {
  readonly cache: pulumi.Output<CacheOutputs>;
  /** For each kind of client: which configuration to put where. */
  readonly clients: pulumi.Output<ClientConfiguration>;
  /** What a central Prometheus outside the cache needs. */
  readonly monitoring: pulumi.Output<CentralMonitoring>;

  constructor({ found, secrets }: RegionalCacheArgs, options?: pulumi.ComponentResourceOptions) {
    const { region, upstreams } = found.plan;
    super("registry-cache:index:RegionalCache", region.name, {}, options);
    const host = found.createHost(secrets, { parent: this });

    this.cache = pulumi.output({
      endpoint: cacheUrl(region.endpoint),
      address: host.address,
      ca: host.ca,
      ...(host.privateLink && {
        privateLink: { service: host.privateLink, hostname: region.endpoint.hostname },
      }),
      topology: region.topology,
      // Pulumi marks the digest as secret because its inputs may be secret. The digest itself reveals nothing.
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
    this.clients = host.ca.apply((ca) => clientsOf(found.plan, ca));
    this.monitoring = host.ca.apply((ca) => monitoringOf(found.plan, ca));
    this.registerOutputs({ cache: this.cache, clients: this.clients, monitoring: this.monitoring });
  }
}
