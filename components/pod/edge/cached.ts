import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { registryPrefix } from "../registry.ts";

/** How long requests wait for the one that fills the cache before they go to the origin themselves. Longer than any fill. */
export const fillSeconds = 3600;

/**
 * Passes a request to a registry.
 * @param origin the registry's group of servers
 * @param path the path after the repository
 * @param root the path before the repository
 */
export function passTo(origin: string, path: string, root = `${registryPrefix("$upstream")}v2/`): Directive {
  return directive("proxy_pass", `http://${origin}${root}$repository/${path}`);
}

/** All media types that a request for a manifest may accept: https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md and Docker's. */
const manifestMediaTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** The headers of a request to an origin. */
export const originHeaders = { Connection: "", Accept: manifestMediaTypes.join(", ") };

/**
 * Sets the headers of a request that nginx sends. None comes from the client. A block with such directives inherits none from the enclosing block:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header
 */
export function requestHeaders(headers: Readonly<Record<string, string>>): Directive[] {
  // nginx would send the length of the client's body without the body. An origin that waits for the body would count as silent for all clients.
  return Object.entries({ "Content-Length": "", ...headers }).map(([name, value]) =>
    directive("proxy_set_header", name, value),
  );
}

/** The origins' errors that the edge keeps for a blob: see blobs.ts. */
export const keptErrors = [429, 500, 503];

interface CachedOptions {
  origin?: string;
  place?: string[];
  root?: string | undefined;
}

/**
 * The location for requests of one kind: the request to the origin, and the cache key of its answer.
 * @param options `origin`: the group of servers; `place`: the location's arguments, @default the kind's own location; `root`: see {@link passTo}
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
    // After a start, nginx treats a request for an object as a miss while a thread reads the object for another request. Small objects don't need a thread.
    ...(zone === "blobs" ? [] : [directive("aio", "off")]),
    ...directives,
  ]);
}

/**
 * How long an origin may be silent for an object. Afterwards, all requests that wait for the object, and those of the next 10 s, get the same 504. Otherwise they would wait one
 * after the other. nginx keeps the 504 in memory, and only if it has no stale answer.
 */
export function silentFor(seconds: number): Directive[] {
  return [directive("proxy_read_timeout", `${seconds * 1000}ms`), directive("proxy_cache_valid", 504, "10s")];
}

/**
 * For answers that may change upstream. A stale answer is better than none, but only if the origin has none. It also replaces a 404, because an origin answers 404 both for a
 * deleted tag and for an upstream that it can't reach.
 */
export function mutable({ freshnessSeconds }: PodOptions["region"]): Directive[] {
  return [
    // nginx counts whole seconds, so an answer stays valid for up to one second more than configured.
    directive("proxy_cache_valid", 200, `${freshnessSeconds - 1}s`),
    directive("proxy_cache_revalidate", "on"),
    directive(
      "proxy_cache_use_stale",
      ...["error", "timeout", "invalid_header"],
      ...[403, 404, 429, 500, 502, 503, 504].map((status) => `http_${status}`),
    ),
  ];
}
