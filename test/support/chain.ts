/** The usual setup of an end-to-end test: an empty registry, a fault proxy in front of it, and a cache in front of both. */
import type { Engine } from "../../components/config/upstream.ts";
import { type CacheOptions, startCache, type TestCache } from "./cache.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type TestUpstream, testUpstream } from "./upstream.ts";

/** A registry behind a fault proxy, which records the cache's requests. */
export interface FrontedUpstream {
  /** The registry itself. Push here, because the proxy doesn't count it. */
  readonly registry: TestUpstream;
  /** The upstream's URL for the cache, and for clients that fall back. */
  readonly proxy: FaultProxy;
}

export async function frontedUpstream(parts: AsyncDisposableStack): Promise<FrontedUpstream> {
  const registry = parts.use(await testUpstream());
  const proxy = parts.use(await startFaultProxy(registry.url));
  return { registry, proxy };
}

/** The requests to a registry, as `GET /v2/…`, without the pings by which an origin checks its upstream. */
export function asked({ requests }: FaultProxy): string[] {
  return requests.filter(({ path }) => path !== "/v2/").map(({ method, target }) => `${method} ${target}`);
}

export interface Chain extends FrontedUpstream {
  readonly cache: TestCache;
}

/** The registry that {@link startChain}'s cache serves, by the name that clients use. */
export const registryName = "registry.test";

/** @param repositories the allow-list. @default giantswarm/** @param engine @default distribution */
export async function startChain(
  parts: AsyncDisposableStack,
  {
    repositories = ["giantswarm/**"],
    engine,
    ...options
  }: Omit<CacheOptions, "upstreams"> & { repositories?: string[]; engine?: Engine } = {},
): Promise<Chain> {
  const { registry, proxy } = await frontedUpstream(parts);
  const upstream = {
    name: "gsoci",
    registry: registryName,
    url: proxy.url.origin,
    repositories,
    ...(engine && { engine }),
  };
  const cache = parts.use(await startCache({ upstreams: [upstream], ...options }));
  return { registry, proxy, cache };
}
