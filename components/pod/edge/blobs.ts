import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { upstreamPorts } from "../upstream-ports.ts";
import { cached, keptErrors, passTo, silentFor } from "./cached.ts";
import { kindVariable } from "./engines.ts";
import { blobOrigin, fillLimits } from "./fills.ts";
import { onlyCached } from "./only-cached.ts";
import { blobsOfPeers } from "./peers.ts";

/** How long nginx caches content by digest, which never changes. */
export const forever = `${3650 * 24 * 60 * 60}s`;

const limits = {
  /** How long an origin may be silent for a blob, also between two packets from a lossy upstream. */
  silenceSeconds: 10,
  /**
   * How long an origin with object storage may be silent for a blob. It sends nothing while it uploads a part, and it holds back the last bytes
   * until the whole blob is stored under its name.
   */
  storeSilenceSeconds: 60,
  /**
   * How long other clients get a cached redirect to object storage. A signed URL may expire 5 minutes after it was created, when the credentials
   * that signed it expire (distribution#4175), with IRSA sooner. nginx adds up to a second.
   */
  redirectSeconds: 60,
  /**
   * How long the edge serves a blob that passed through it into object storage, counted from the blob's first byte. Longer than most fills take,
   * because the origin would fetch a blob again for each request until the store has the whole blob.
   */
  passedSeconds: 600,
} as const;

/** How long the edge keeps a blob that nobody requests. */
export function blobsInactive(options: PodOptions): string {
  return redirects(options) ? `${limits.passedSeconds}s` : "3650d";
}

/** For the http block: `$place`, a request's location if it isn't simply its kind, and the groups of the registries that know only the store. */
export function blobMaps(options: PodOptions): Directive[] {
  return [...placeMap(options), ...(options.store ? storedGroups(options) : [])];
}

function placeMap(options: PodOptions): Directive[] {
  const isRedirecting = redirects(options);
  const ofKind = directive("default", kindVariable(options));
  if (options.prefetch) {
    return [
      block("map", "$kind $request_method $http_cache_control", "$place", [
        ofKind,
        onlyCached,
        ...(isRedirecting ? [directive("~^blob HEAD ", "head")] : []),
      ]),
    ];
  }
  if (!isRedirecting) return [];
  return [block("map", "$kind $request_method", "$place", [ofKind, directive("blob HEAD", "head")])];
}

function storedGroups(options: PodOptions): Directive[] {
  return upstreamPorts(options).map(({ upstream, ports: { stored } }) =>
    block("upstream", literal(`stored-${upstream.name}`), [
      directive("server", `127.0.0.1:${stored}`),
      directive("keepalive", 16),
    ]),
  );
}

/** The variable that selects a request's location in the server block. `$place` comes from {@link blobMaps}. */
export function placeVariable(options: PodOptions): string {
  return options.prefetch || redirects(options) ? "$place" : kindVariable(options);
}

const path = "blobs/$digest";

/** The locations of blobs. The cache key omits the repository, so a layer that ten images share is pulled once. */
export function blobLocations(options: PodOptions): Directive[] {
  if (redirects(options)) return redirecting(options);
  return options.peers ? blobsOfPeers((place) => ownBlobs(options, place)) : [ownBlobs(options)];
}

/**
 * Serves blobs from the edge's own cache, or else from its own origin.
 * @param place the location's arguments
 * @param root see passTo()
 */
export function ownBlobs(options: PodOptions, place = ["=", "/blob"], root?: string): Directive {
  const directives = [directive("proxy_cache_valid", 200, forever), ...transfer(options)];
  return cached("blob", "blobs", "$upstream $digest", path, directives, { origin: blobOrigin, place, root });
}

function redirects({ store }: PodOptions): boolean {
  return store?.delivery === "redirect";
}

function transfer(options: PodOptions): Directive[] {
  const silence = options.store === undefined ? limits.silenceSeconds : limits.storeSilenceSeconds;
  return [
    directive("proxy_force_ranges", "on"),
    ...silentFor(silence),
    // All requests that wait for the same blob get the answer at the same time. Otherwise, nginx would send them to the origin one after the other, one in half a second. nginx adds up to a
    // second. It keeps no 404, because another repository of the upstream can have the blob, and because clients can request any number of blobs.
    directive("proxy_cache_valid", ...keptErrors, "1s"),
    ...fillLimits(options),
  ];
}

/**
 * Redirects clients to object storage for blobs. The origin answers 307, except to the first request, through which the blob gets there.
 *
 * A URL in object storage is signed for one method. A HEAD gets its URL from the registry that knows only the store, because the origin would
 * fetch the whole blob before it answers a HEAD. If the store doesn't have the blob, the HEAD is handled like a GET.
 *
 * The cache keys have one word more than those of content with a digest. So the janitor (see janitor.sh) verifies only answers that name a digest.
 */
function redirecting(options: PodOptions): Directive[] {
  const redirectValid = directive("proxy_cache_valid", 307, `${limits.redirectSeconds}s`);
  const get = [
    passTo(blobOrigin, path),
    directive("proxy_cache", "blobs"),
    directive("proxy_cache_key", "blob GET $upstream $digest"),
    directive("proxy_cache_valid", 200, `${limits.passedSeconds}s`),
    redirectValid,
    ...transfer(options),
  ];
  return [
    block("location", "=", "/blob", get),
    block("location", "=", "/head", [
      passTo("stored-$upstream", path),
      directive("proxy_cache", "blobs"),
      directive("proxy_cache_key", "blob HEAD $upstream $digest"),
      directive("proxy_cache_convert_head", "off"),
      // With the lock, simultaneous requests would get an answer that isn't cached one after the other.
      directive("proxy_cache_lock", "off"),
      redirectValid,
      directive("proxy_read_timeout", `${limits.silenceSeconds}s`),
      // So that an error in @blob also gets an error page.
      directive("recursive_error_pages", "on"),
      directive("error_page", 401, 403, 404, 408, 429, 500, 502, 503, 504, "=", "@blob"),
    ]),
    block("location", "@blob", get),
  ];
}
