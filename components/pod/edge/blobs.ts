import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { upstreamPorts } from "../upstream-ports.ts";
import { cached, passTo, silentFor } from "./cached.ts";
import { kindVariable } from "./engines.ts";
import { blobOrigin, fillLimits } from "./fills.ts";
import { onlyCached } from "./only-cached.ts";
import { blobsOfPeers } from "./peers.ts";

/** Content under its digest never changes. */
export const forever = `${3650 * 24 * 60 * 60}s`;

const limits = {
  /** How long an origin may be silent for a blob, where silence may also fall between two packets from a lossy upstream. */
  silenceSeconds: 10,
  /**
   * Likewise with object storage: an origin is silent while that takes a part, and holds the last bytes back until it has the whole under the
   * blob's name.
   */
  storeSilenceSeconds: 60,
  /**
   * How long a way to object storage is given to others: it may end 5 minutes after it was made, when the credentials that have signed it end
   * (distribution#4175), and those of IRSA sooner. nginx adds up to a second.
   */
  redirectSeconds: 60,
  /**
   * How long a blob that passed through the edge on its first way into object storage is served from here, counted from its first byte: longer
   * than most fills, since as long as a blob isn't wholly stored, the origin would fetch it once more for whoever asks.
   */
  passedSeconds: 600,
} as const;

/** How long the edge keeps a blob that nobody asks for. */
export function blobsInactive(options: PodOptions): string {
  return redirects(options) ? `${limits.passedSeconds}s` : "3650d";
}

/** For the http block: `$place`, the location of a request, where it isn't just its kind; and the registries that know only the store. */
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

/** What blobMaps() has the server block choose by. */
export function placeVariable(options: PodOptions): string {
  return options.prefetch || redirects(options) ? "$place" : kindVariable(options);
}

const path = "blobs/$digest";

/** The repository is no part of the key: a layer that ten images share is pulled once. */
export function blobLocations(options: PodOptions): Directive[] {
  if (redirects(options)) return redirecting(options);
  return options.peers ? blobsOfPeers((place) => ownBlobs(options, place)) : [ownBlobs(options)];
}

/**
 * Blobs from the edge's own cache, or else from its own origin.
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
    // Who waits for a blob beyond mostFills is told at once, together with the others.
    ...(options.store === undefined ? [] : [directive("proxy_cache_valid", 503, "1s")]),
    ...fillLimits(options),
  ];
}

/**
 * Blobs that clients are sent to object storage for. The origin answers 307, except to the first, through whom the blob gets there.
 *
 * An address in object storage is signed for one method. A HEAD gets its address from the registry that knows only the store: the origin would
 * fetch a whole blob before its answer to HEAD. What isn't there is asked for as GET does it.
 *
 * The keys are longer than those of objects that must have their digest, so the janitor (see janitor.sh) looks only at answers that name one.
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
      // An answer that isn't kept would go to one after the other.
      directive("proxy_cache_lock", "off"),
      redirectValid,
      directive("proxy_read_timeout", `${limits.silenceSeconds}s`),
      // So that an error there is answered as any other.
      directive("recursive_error_pages", "on"),
      directive("error_page", 401, 403, 404, 408, 429, 500, 502, 503, 504, "=", "@blob"),
    ]),
    block("location", "@blob", get),
  ];
}
