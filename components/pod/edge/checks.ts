/**
 * Merges the requests for manifests, tags and lists that the edge doesn't have, or must check again. `proxy_cache_lock` alone doesn't do that:
 *
 * - For an answer that has expired, nginx either sends each client's request to the origin, or gives the old answer to all but one of them (`updating`), however old it is.
 * - Clients that wait for an answer that can't be cached, such as a 404, are sent to the origin one after the other, one in half a second. If such answers were cached, clients could request any
 *   number of them, and nginx would forget manifests for them.
 *
 * So these requests pass through a server on loopback with a small cache, where the requests of each second have keys of their own. nginx has no answer for a new key, and the lock applies.
 */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { originHeaders, requestHeaders } from "./cached.ts";

/** The group of servers that leads to {@link checkServer}, which is also the name of its zone. */
export const checks = "checks";

/** How long a client waits: for the origin, for its backup, and for nginx, which looks every half second whether the answer is there. */
export function checkWaitSeconds(silenceSeconds: number): number {
  return 2 * silenceSeconds + 1;
}

/** For the http block. */
export function checkGroup({ ports }: PodOptions): Directive[] {
  return [
    block("upstream", checks, [directive("server", `127.0.0.1:${ports.edgeUnavailable}`)]),
    block("map", "$msec", "$second", [directive("~^(?<whole_second>\\d+)", "$whole_second")]),
  ];
}

/**
 * For the http block, after the server that answers 503, whose port it shares. It passes on what the origin answers, also errors.
 * @param silenceSeconds how long the origin may be silent
 */
export function checkServer({ ports }: PodOptions, silenceSeconds: number): Directive {
  return block("server", [
    directive("listen", `127.0.0.1:${ports.edgeUnavailable}`),
    directive("server_name", checks),
    directive("access_log", "off"),
    // The first segment is the upstream: see registryPrefix().
    block("location", "~", "^/(?<checked>[^/]+)/", [
      directive("proxy_pass", "http://origin-$checked$request_uri"),
      // The origin confirms what the edge has with 304.
      ...requestHeaders({ ...originHeaders, "If-None-Match": "$http_if_none_match" }),
      directive("proxy_read_timeout", `${silenceSeconds * 1000}ms`),
      directive("proxy_cache", checks),
      directive("proxy_cache_key", "$second $request_uri $http_if_none_match"),
      directive("proxy_cache_valid", "any", "1s"),
      directive("aio", "off"),
      // Without the cache status of this server.
      directive("add_header", "X-Cache", ""),
    ]),
  ]);
}
