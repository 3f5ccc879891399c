/** Limits for blobs in progress. nginx writes them to the disk, but counts only complete ones. */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { fillSeconds, requestHeaders } from "./cached.ts";
import { unavailable } from "./errors.ts";
import { edgePaths } from "./paths.ts";

/** A marker file. It exists while the janitor (see janitor.sh) finds that all blobs, at their final size if in progress, exceed their space. */
const fullMark = `${edgePaths.cache}/tmp/full`;

/** The variable with the group of servers for a blob: see {@link fillRules}. */
export const blobOrigin = "$blob_origin";

/**
 * The maximum number of blobs that one origin uploads to a bucket at the same time. It holds two parts of each in memory (object-storage.ts). Without a limit, 64 took up to 931 MiB with S3.
 * With Azure, 200 took all of the container's 1,024 MiB, and then the kernel kills the origin with all its transfers. Requests beyond the limit get what the store has, or 503. After a reload,
 * nginx counts from 0. If the bucket accepts no data for storeSilenceSeconds (blobs.ts), nginx stops counting that blob, but distribution keeps it in memory.
 */
export const mostFills = 48;

/** The prefix of the groups of origins for blobs whose number is limited. Manifests are small, and use other groups. */
export const fills = "fills";

/** The group of servers that answers 503 immediately. */
export const nobody = "nobody";

/** The name of {@link resumedServer}, and of its group and its zone for `limit_req`. */
const resumed = "resumed";

/**
 * The range of a client that resumes a blob after its connection broke: from an offset to the end. containerd's parallel requests for the parts of a layer have such ranges, too
 * (`concurrent_layer_fetch_buffer`). They follow a request for the whole, and wait for its fill.
 */
const resumption = "^bytes=[1-9][0-9]*-$";

/** For the http block: the groups that answer for blobs in place of an origin, and `$unstored` for blobs that are too large to store. */
export function fillMaps({ budget, ports }: Pick<PodOptions, "budget" | "ports">): Directive[] {
  const { fillsMiB } = budget;
  const own = [directive("server", `127.0.0.1:${ports.edgeUnavailable}`)];
  return [
    block("upstream", nobody, own),
    block("upstream", resumed, own),
    directive("limit_req_zone", "$request_uri", `zone=${resumed}:1m`, "rate=1r/m"),
    ...(fillsMiB === undefined
      ? []
      : [
          block("map", "$upstream_status $upstream_http_content_length", "$unstored", [
            directive("default", 0),
            directive(`~200 ${atLeast((fillsMiB / 2) * 1024 ** 2)}$`, 1),
          ]),
        ]),
  ];
}

/**
 * For a server block, before the location is chosen. Blobs that are stored or in progress are served as usual. When there is no space, other blobs are refused, so that clients fall
 * back. With redirects, blobs in the store need no space and are still served.
 */
export function fillRules({ budget, store }: PodOptions): Directive[] {
  const whenFull = store?.delivery === "redirect" ? "stored-$upstream" : nobody;
  return [
    directive("set", blobOrigin, `${blobGroup(store)}-$upstream`),
    block("if", "($http_range", "~", `${resumption})`, [directive("set", blobOrigin, resumed)]),
    ...(budget.fillsMiB === undefined
      ? []
      : [block("if", "(-f", `${fullMark})`, [directive("set", blobOrigin, whenFull)])]),
  ];
}

/**
 * For the http block, after the server that answers 503, whose port it shares. It passes clients that resume a blob that isn't stored to the origins. nginx promises the rest of the blob
 * before it has any of it. After such a promise, containerd asks no other registry. So a blob can be resumed once a minute here, and further attempts are refused.
 */
export function resumedServer({ ports, store }: PodOptions): Directive {
  const limits = [
    directive("limit_req", `zone=${resumed}`),
    // This client gets 503. With the status 503 here, nginx would keep it for all requests for the blob: see blobs.ts.
    directive("limit_req_status", 502),
    directive("limit_req_log_level", "info"),
  ];
  // The first segment is the upstream: see registryPrefix() and zotDestination().
  const all = block("location", "~", "^/(?:v2/)?(?<resumed>[^/]+)/", [
    directive("proxy_pass", `http://${blobGroup(store)}-$resumed$request_uri`),
  ]);
  return passingServer(resumed, ports.edgeUnavailable, limits, [all]);
}

/**
 * A server on loopback that passes blobs on.
 * @param name the name of the group of servers that leads to it, or a pattern of names
 * @param port its port, which other servers share
 */
function passingServer(
  name: string,
  port: number,
  limits: readonly Directive[],
  answers: readonly Directive[],
): Directive {
  return block("server", [
    directive("listen", `127.0.0.1:${port}`),
    directive("server_name", name),
    directive("access_log", "off"),
    ...limits,
    // zot's media type for blobs.
    ...requestHeaders({ Connection: "", Accept: "application/octet-stream" }),
    directive("proxy_buffering", "off"),
    // The location that sends requests here has its own limit.
    directive("proxy_read_timeout", `${fillSeconds}s`),
    ...answers,
  ]);
}

/** The prefix of the groups of origins for blobs. */
function blobGroup(store: PodOptions["store"]): string {
  return store ? fills : "origin";
}

/** For the locations of blobs. A blob that isn't stored must not be buffered on the disk, either. */
export function fillLimits({ budget }: PodOptions): Directive[] {
  if (budget.fillsMiB === undefined) return [];
  return [directive("proxy_no_cache", "$unstored"), directive("proxy_max_temp_file_size", 0)];
}

/**
 * For the http block, after the server that answers 503, whose port it shares. It answers for an origin with a bucket, beyond {@link mostFills} or while the origin is stopped. A blob
 * that the store doesn't have gets 503 and not 404, because clients that can't fall back retry after 503 only.
 */
export function storeServer({ store, ports }: PodOptions): Directive[] {
  if (!store) return [];
  const answers = [
    directive("error_page", 404, "=503", "@unavailable"),
    block("location", "@unavailable", [unavailable]),
    // The first segment is the upstream: see registryPrefix().
    block("location", "~", "^/(?<stored>[^/]+)/", [
      directive("proxy_pass", "http://stored-$stored$request_uri"),
    ]),
  ];
  return [passingServer(`~^${fills}-`, ports.edgeUnavailable, [], answers)];
}

/** A pattern that matches all numbers from the given one on, rounded down to two significant digits. */
function atLeast(number: number): string {
  const digits = String(number);
  const [first, second] = [Number(digits[0]), Number(digits[1])];
  const rest = digits.length - 2;
  const same = `${first}[${second}-9]`;
  const higher = first < 9 ? `|[${first + 1}-9]\\d` : "";
  return `(?:\\d{${digits.length + 1},}|(?:${same}${higher})\\d{${rest}})`;
}
