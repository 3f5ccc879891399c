import type { Upstream } from "../config/schema.ts";
import { type ClientOptions, cacheUrl, pathAtCache } from "./cache-address.ts";

/** An entry of `content`: a glob of repositories as the upstream names them, and where they are in zot. */
export interface ZotContent {
  readonly prefix: string;
  readonly destination?: string;
  readonly stripPrefix?: true;
}

/**
 * Entries of zot's `extensions.sync.registries`, which zot goes through in order.
 *
 * For a zot between a cluster's nodes and the regional cache: first the cache, then the upstream. Both take what the cache may serve and nothing else, so an entry for more that
 * is there already, such as one with the prefix `**`, stays and comes after them. zot doesn't look at which registry a node means, so one zot should stand for one
 * registry only. An authority that isn't public goes into a directory that `certDir` names.
 * https://zotregistry.dev/v2.1.8/articles/mirroring/
 */
export function zotSyncRegistries(upstream: Upstream, options: ClientOptions) {
  const path = pathAtCache(upstream, options);
  const allowed = upstream.repositories.map((prefix) => ({ prefix }));
  return [
    ...(path === undefined ? [] : [entry(cacheUrl(options.endpoint), contentAtCache(upstream, path))]),
    entry(upstream.url, allowed),
  ];
}

/**
 * The allowed repositories, below the registry's name. zot finds the repository at the cache again by what comes before a glob's last segment, so one with a `*` anywhere else is widened to all
 * below what is fixed: the cache refuses the rest.
 * https://github.com/project-zot/zot/blob/v2.1.20/pkg/extensions/sync/content.go
 */
function contentAtCache({ repositories }: Upstream, path: string): ZotContent[] {
  if (path === "") return repositories.map((prefix) => ({ prefix }));
  const globs = repositories.map((glob) => {
    const segments = glob.split("/");
    const first = segments.findIndex((segment) => segment.includes("*"));
    if (first < 0) return { fixed: glob, rest: "" };
    const rest = segments.slice(first).join("/");
    return { fixed: segments.slice(0, first).join("/"), rest: rest === "*" ? "/*" : "/**" };
  });
  const content = globs.map(({ fixed, rest }) => ({
    prefix: `${path}${fixed && `/${fixed}`}${rest}`,
    destination: `/${fixed}`,
    stripPrefix: true as const,
  }));
  return [...new Map(content.map((entry) => [entry.prefix, entry])).values()];
}

/** `preserveDigest` keeps manifests as they are, so that a pull by digest works; it needs `"compat": ["docker2s2"]` in zot's `http`. */
function entry(url: string, content: readonly ZotContent[]) {
  return { urls: [url], onDemand: true, tlsVerify: true, preserveDigest: true, content };
}
