import type { Images } from "../config/images.ts";
import { defaultDialTimeoutMilliseconds } from "../config/region.ts";
import type { AnyRegion, Upstream } from "../config/schema.ts";
import { serviceNamespace } from "../config/text.ts";
import { hasPathPrefix, registryUrl } from "../config/upstream.ts";

/** The input for the configuration of every kind of client. */
export interface ClientOptions {
  readonly endpoint: Pick<AnyRegion["endpoint"], "hostname" | "port">;
  /** The first is the default upstream. */
  readonly upstreams: readonly Upstream[];
  /**
   * The certificate authority that clients must trust: its absolute path on the client, and its certificate as PEM. Each format uses one of
   * the two.
   * @default a public authority
   */
  readonly ca?: { readonly file: string; readonly certificate: string };
  /** The region's name. @default registry-cache */
  readonly region?: string;
  /** The images of the cache's own Pod. @default the pinned ones */
  readonly images?: Partial<Images>;
  /** How long containerd waits for a connection to the cache: see the region's key of the same name. @default 350 */
  readonly dialTimeoutMilliseconds?: number;
}

export function dialTimeoutOf({ dialTimeoutMilliseconds }: ClientOptions): number {
  return dialTimeoutMilliseconds ?? defaultDialTimeoutMilliseconds;
}

/** `host`, or `host:port` if the port isn't 443. */
export function authority({ hostname, port }: ClientOptions["endpoint"]): string {
  return port === 443 ? hostname : `${hostname}:${port}`;
}

/** URL that clients send requests to. */
export function cacheUrl(endpoint: ClientOptions["endpoint"]): string {
  return `https://${authority(endpoint)}`;
}

/**
 * The path of an upstream at the cache, for clients that don't name the registry in their requests: `/ghcr.io`, or "" for a default upstream
 * whose registry has a port and so can't be part of a path. Undefined if these clients can't reach the upstream.
 */
export function pathAtCache(upstream: Upstream, { upstreams }: ClientOptions): string | undefined {
  if (hasPathPrefix(upstream)) return `/${upstream.registry}`;
  return upstream === upstreams[0] ? "" : undefined;
}

/** An upstream with the URL that clients fall back to. Only Pods of its cluster can reach a Service, so other clients use the registry by its name. */
export function asClientsReachIt(upstream: Upstream): Upstream {
  const isService = serviceNamespace(new URL(upstream.url).hostname) !== undefined;
  return isService ? { ...upstream, url: registryUrl(upstream.registry) } : upstream;
}

/**
 * The endpoints to list after the cache, in formats whose built-in fallback is the registry by its name: the upstream's URL if it differs from
 * that, or none.
 */
export function furtherEndpoints({ registry, url }: Upstream): string[] {
  return url === registryUrl(registry) ? [] : [url];
}
