import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { registryPrefix } from "../registry.ts";

/** How long others wait for the one who fills the cache before they would go to the origin themselves: longer than any fill. */
export const fillSeconds = 3600;

/**
 * What is asked of a registry.
 * @param origin its group of servers
 * @param path behind the repository
 * @param root before the repository
 */
export function passTo(origin: string, path: string, root = `${registryPrefix("$upstream")}v2/`): Directive {
  return directive("proxy_pass", `http://${origin}${root}$repository/${path}`);
}

/**
 * The headers of a request that nginx makes, of which none is the client's. For nginx, a block that has one of its own takes none from around it:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
 */
export function requestHeaders(headers: Readonly<Record<string, string>>): Directive[] {
  // nginx gives the length also of a body that it doesn't pass on, and an origin that waits for the body counts as silent, for everybody.
  return Object.entries({ "Content-Length": "", ...headers }).map(([name, value]) =>
    directive("proxy_set_header", name, value),
  );
}

interface CachedOptions {
  origin?: string;
  place?: string[];
  root?: string | undefined;
}

/**
 * A location of the requests of one kind: what is asked of the origin, and under which key it is kept.
 * @param options `origin`: its group of servers; `place`: the location's arguments, @default the one that the kind's requests are led to; `root`: see {@link passTo}
 */
export function cached(
  kind: string,
  zone: string,
  key: string,
  path: string,
  directives: readonly Directive[],
  { origin = "origin-$upstream", place = ["=", `/${kind}`], root }: CachedOptions = {},
): Directive {
  return block("location", ...place, [
    passTo(origin, path, root),
    directive("proxy_cache", zone),
    directive("proxy_cache_key", `${kind} ${key}`),
    // Just started, nginx takes the second of two first requests for an object for a miss while a thread reads it for the first. These are small: no thread is needed.
    ...(zone === "blobs" ? [] : [directive("aio", "off")]),
    ...directives,
  ]);
}

/**
 * How long an origin may be silent for an object. Whoever has waited for the same one then gets the same answer, and so does who asks in the seconds after: they would wait one
 * after the other. nginx remembers it in memory, and only where it has no old answer.
 */
export function silentFor(seconds: number): Directive[] {
  return [directive("proxy_read_timeout", `${seconds * 1000}ms`), directive("proxy_cache_valid", 504, "10s")];
}

/**
 * Answers that may change upstream. An old one is better than none: an origin says 404 both for a tag that is gone and for an upstream it can't
 * reach, so a stale answer also outlives a 404.
 */
export function mutable({ freshnessSeconds }: PodOptions["region"]): Directive[] {
  return [
    // nginx counts in whole seconds, and an answer holds for up to one more than it is told.
    directive("proxy_cache_valid", 200, `${freshnessSeconds - 1}s`),
    directive("proxy_cache_revalidate", "on"),
    directive(
      "proxy_cache_use_stale",
      ...["error", "timeout", "invalid_header", "updating"],
      ...[403, 404, 429, 500, 502, 503, 504].map((status) => `http_${status}`),
    ),
  ];
}
