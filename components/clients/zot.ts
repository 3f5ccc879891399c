import type { Upstream } from "../config/schema.ts";
import { type ClientOptions, cacheUrl, pathAtCache } from "./cache-address.ts";

/** An entry of `content`: a glob of repositories at the source, and their place in zot. */
export interface ZotContent {
  readonly prefix: string;
  readonly destination?: string;
  readonly stripPrefix?: true;
}

/**
 * Entries of zot's `extensions.sync.registries`, which zot tries in order.
 *
 * For a zot between a cluster's nodes and the regional cache: first the cache, then the upstream. Both entries cover only what the cache may serve. So keep an existing entry that
 * covers more, such as one with the prefix `**`, and put it after them. zot ignores which registry a node names, so one zot should serve one registry only. A private
 * authority belongs in a directory that `certDir` names.
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
 * The allowed repositories, below the registry's name. zot maps a repository to its path at the cache by the part before a glob's last segment. So a glob with a `*` elsewhere is widened to
 * everything below its fixed beginning, and the cache refuses the rest.
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

/** `preserveDigest` keeps manifests unchanged, so that a pull by digest works. It needs `"compat": ["docker2s2"]` in zot's `http`. */
function entry(url: string, content: readonly ZotContent[]) {
  return { urls: [url], onDemand: true, tlsVerify: true, preserveDigest: true, content };
}
