import type { Upstream } from "../config/schema.ts";
import { type ClientOptions, cacheUrl, pathAtCache } from "./cache-address.ts";

/** An entry of zot's `extensions.sync.registries`, which zot goes through in order. */
export interface ZotSyncRegistry {
  readonly urls: readonly string[];
  readonly onDemand: true;
  readonly tlsVerify: true;
  /** Keeps manifests as they are, so that a pull by digest works; needs `"compat": ["docker2s2"]` in zot's `http`. */
  readonly preserveDigest: true;
  readonly content: readonly ZotContent[];
}

interface ZotContent {
  /** A glob of repositories as this upstream names them. */
  readonly prefix: string;
  /** Where they are in zot: with `stripPrefix`, without the glob's fixed part. */
  readonly destination?: string;
  readonly stripPrefix?: true;
}

/**
 * For a zot between a cluster's nodes and the regional cache: first the cache, then the upstream. zot doesn't look at which registry a node
 * means, so one zot should stand for one registry only. An authority that isn't public goes into a directory that `certDir` names.
 * https://zotregistry.dev/v2.1.8/articles/mirroring/
 */
export function zotSyncRegistries(upstream: Upstream, options: ClientOptions): ZotSyncRegistry[] {
  const path = pathAtCache(upstream, options);
  const allowed = upstream.repositories.map((prefix) => ({ prefix }));
  const atCache: readonly ZotContent[] = path
    ? [{ prefix: `${path}/**`, destination: "/", stripPrefix: true }]
    : allowed;
  return [
    ...(path === undefined ? [] : [entry(cacheUrl(options.endpoint), atCache)]),
    entry(upstream.url, allowed),
  ];
}

function entry(url: string, content: readonly ZotContent[]): ZotSyncRegistry {
  return { urls: [url], onDemand: true, tlsVerify: true, preserveDigest: true, content };
}
