/**
 * Tells whether the cache has a blob, without fetching it: a HEAD with `Cache-Control: only-if-cached` gets 504 if the blob isn't in the cache
 * (https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1.7). Only with `prefetch`, for scripts that wait for it (see scripts/prefetch/only-cached.ts).
 */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { keptErrors, passTo } from "./cached.ts";
import { refusal } from "./errors.ts";
import { peopleLog } from "./log.ts";

/** An entry for the map of `$place`, whose key is the kind, the method and this header. */
export const onlyCached = directive("~^blob HEAD (?:.*[ ,])?only-if-cached(?: *,.*)?$", "only-cached");

export function onlyCachedLocations({ store, ports, prefetch }: PodOptions): Directive[] {
  if (!prefetch) return [];
  const disk = [
    directive("proxy_pass", `http://127.0.0.1:${ports.edgeUnavailable}`),
    directive("proxy_cache", "blobs"),
    directive("proxy_cache_key", "blob $upstream $digest"),
    // It must not wait for a request that fetches the blob. See statusServer() for `aio`.
    directive("proxy_cache_lock", "off"),
    directive("aio", "off"),
    directive("error_page", ...keptErrors, 504, "=504", "@absent"),
  ];
  const bucket = [
    passTo("stored-$upstream", "blobs/$digest"),
    directive("error_page", 404, "=504", "@absent"),
    directive("error_page", 429, 500, 502, 503, 504, "=503", "@unavailable"),
  ];
  // No client pulls with these requests, so metrics don't count them.
  return [
    block("location", "=", "/only-cached", [peopleLog, ...(store ? bucket : disk)]),
    block("location", "@absent", [peopleLog, refusal(504, "BLOB_UNKNOWN", "not in the cache")]),
  ];
}
