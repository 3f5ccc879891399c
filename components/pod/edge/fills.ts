/** Blobs under way: nginx stores each on the disk, but counts only those that are complete. */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { fillSeconds, requestHeaders } from "./cached.ts";
import { unavailable } from "./errors.ts";
import { edgePaths } from "./paths.ts";

/** There while the janitor (see janitor.sh) finds that blobs take their room, with those that are to be complete. */
const fullMark = `${edgePaths.cache}/tmp/full`;

/** The group of servers that a blob comes from: see {@link fillRules}. */
export const blobOrigin = "$blob_origin";

/**
 * How many blobs one origin brings into a bucket at once: it holds two parts of each in memory (object-storage.ts). Without a limit, 64 took up to 931 MiB with S3, and with Azure, 200 took
 * all of the container's 1,024 MiB: the kernel then ends the origin with all that is under way. Who asks for one more gets what the store has, or 503. After a reload, nginx counts from 0.
 * If the bucket accepts no data for storeSilenceSeconds (blobs.ts), nginx stops counting that blob, but distribution keeps it in memory.
 */
export const mostFills = 48;

/** Begins the names of the groups of origins that blobs come from where their number is limited. Manifests are small, and come from other groups. */
export const fills = "fills";

/** The group of servers that says at once that there is nothing. */
export const nobody = "nobody";

/** The group, and the name, of {@link resumedServer}. */
const resumed = "resumed";

/** What a client asks for that goes on with a blob after its connection broke: from an offset to the end. Who wants just a part says where it ends. */
const resumption = "^bytes=[1-9][0-9]*-$";

/** For the http block: what a blob can come from besides its origin, and which ones are too large to be stored at all. */
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
 * For a server block, before the location is chosen. What is stored, or under way, is served as ever. Where there is no room, anything else is refused, so that clients fall back; but
 * where clients are sent to the store, what it has takes no room.
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
 * For the http block, behind the server that has nothing, whose port it shares: the origins, for who goes on with a blob that isn't stored. nginx promises the rest before it has any of
 * it, and after such a promise, containerd asks no other registry. So a blob that broke off here, and again, is refused until a minute has passed.
 */
export function resumedServer({ ports, store }: PodOptions): Directive {
  const limits = [
    directive("limit_req", `zone=${resumed}`),
    // Becomes 503 for this client. The status 503 itself would be remembered for all who ask for the blob: see blobs.ts.
    directive("limit_req_status", 502),
    directive("limit_req_log_level", "info"),
  ];
  // As registryPrefix() and zotDestination() have it.
  const all = block("location", "~", "^/(?:v2/)?(?<resumed>[^/]+)/", [
    directive("proxy_pass", `http://${blobGroup(store)}-$resumed$request_uri`),
  ]);
  return passingServer(resumed, ports.edgeUnavailable, limits, [all]);
}

/**
 * A server that blobs pass through, on loopback.
 * @param name of the group of servers that leads there, or a pattern of names
 * @param port which it shares with others
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
    // For zot, this is what it calls the content.
    ...requestHeaders({ Connection: "", Accept: "application/octet-stream" }),
    directive("proxy_buffering", "off"),
    // Who asks here has a limit of its own.
    directive("proxy_read_timeout", `${fillSeconds}s`),
    ...answers,
  ]);
}

/** What the names of the groups of origins that blobs come from begin with. */
function blobGroup(store: PodOptions["store"]): string {
  return store ? fills : "origin";
}

/** For the locations of blobs. What isn't stored must not be buffered on the disk, either. */
export function fillLimits({ budget }: PodOptions): Directive[] {
  if (budget.fillsMiB === undefined) return [];
  return [directive("proxy_no_cache", "$unstored"), directive("proxy_max_temp_file_size", 0)];
}

/**
 * For the http block, behind the server that has nothing, whose port it shares: what is asked for blobs in the place of an origin with a bucket, beyond {@link mostFills} or while it's
 * stopped. What the store doesn't have isn't gone: clients without a way to fall back try again after 503, and not after 404.
 */
export function storeServer({ store, ports }: PodOptions): Directive[] {
  if (!store) return [];
  const answers = [
    directive("error_page", 404, "=503", "@unavailable"),
    block("location", "@unavailable", [unavailable]),
    // As registryPrefix() has it.
    block("location", "~", "^/(?<stored>[^/]+)/", [
      directive("proxy_pass", "http://stored-$stored$request_uri"),
    ]),
  ];
  return [passingServer(`~^${fills}-`, ports.edgeUnavailable, [], answers)];
}

/** A pattern of all numbers from this one on, which is rounded down to two digits. */
function atLeast(number: number): string {
  const digits = String(number);
  const [first, second] = [Number(digits[0]), Number(digits[1])];
  const rest = digits.length - 2;
  const same = `${first}[${second}-9]`;
  const higher = first < 9 ? `|[${first + 1}-9]\\d` : "";
  return `(?:\\d{${digits.length + 1},}|(?:${same}${higher})\\d{${rest}})`;
}
