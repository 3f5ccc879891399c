import type { Images } from "../config/images.ts";
import { defaultDialTimeoutMilliseconds } from "../config/region.ts";
import type { AnyRegion, Upstream } from "../config/schema.ts";
import { serviceNamespace } from "../config/text.ts";
import { registryUrl } from "../config/upstream.ts";
import { hasPathPrefix } from "../pod/edge/routing.ts";

/** What every kind of client is configured from. */
export interface ClientOptions {
  readonly endpoint: Pick<AnyRegion["endpoint"], "hostname" | "port">;
  /** The first is the default upstream. */
  readonly upstreams: readonly Upstream[];
  /**
   * The authority that clients have to trust: its absolute path on the client, and its certificate as PEM, for whichever of the two a format
   * takes.
   * @default a public authority
   */
  readonly ca?: { readonly file: string; readonly certificate: string };
  /** The region's name. @default registry-cache */
  readonly region?: string;
  /** Of the cache's own Pod. @default the pinned ones */
  readonly images?: Partial<Images>;
  /** How long containerd waits for a connection to the cache: see the key of a region. @default 350 */
  readonly dialTimeoutMilliseconds?: number;
}

export function dialTimeoutOf({ dialTimeoutMilliseconds }: ClientOptions): number {
  return dialTimeoutMilliseconds ?? defaultDialTimeoutMilliseconds;
}

/** `host`, or `host:port` where the port isn't that of HTTPS. */
export function authority({ hostname, port }: ClientOptions["endpoint"]): string {
  return port === 443 ? hostname : `${hostname}:${port}`;
}

export function cacheUrl(endpoint: ClientOptions["endpoint"]): string {
  return `https://${authority(endpoint)}`;
}

/**
 * Where the cache has an upstream for clients that don't say which registry they mean: `/ghcr.io`, or "" for the default upstream if its
 * registry can't be part of a path because it has a port. Undefined where there is no way.
 */
export function pathAtCache(upstream: Upstream, { upstreams }: ClientOptions): string | undefined {
  if (hasPathPrefix(upstream)) return `/${upstream.registry}`;
  return upstream === upstreams[0] ? "" : undefined;
}

/** An upstream with the address that clients fall back to. Only Pods of its cluster find a Service: for others, it is the registry by its name. */
export function asClientsReachIt(upstream: Upstream): Upstream {
  const isService = serviceNamespace(new URL(upstream.url).hostname) !== undefined;
  return isService ? { ...upstream, url: registryUrl(upstream.registry) } : upstream;
}

/**
 * What to list after the cache in formats whose own fallback is the registry by its name: the upstream's URL where that is another one, or
 * nothing.
 */
export function furtherEndpoints({ registry, url }: Upstream): string[] {
  return url === registryUrl(registry) ? [] : [url];
}
