/**
 * Replicas that share their blobs. A hash of a blob's digest selects the replica that keeps the blob. The others pass requests on to it. See docs/adr/0020-replicas-share-blobs.md.
 *
 * A replica passes a client's request on to the replica that the hash selects, which may be itself. It answers requests on the replicas' own port from its cache or its origin and
 * never passes them on, so there are no loops.
 */
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { fillSeconds, requestHeaders } from "./cached.ts";
import { errorPages, refusals } from "./errors.ts";
import { fillRules } from "./fills.ts";
import { limitOfTransfers } from "./limits.ts";

/** How long nginx doesn't use a replica that refused a connection or didn't accept it within a second. */
const breakSeconds = 10;

/** The headers of a client's request that affect the answer for a blob. */
const conditions = [
  "Range",
  "If-Range",
  "If-Match",
  "If-None-Match",
  "If-Modified-Since",
  "If-Unmodified-Since",
];

/** For the http block. If a replica fails, the next point on the ring selects another one, which is the same for all replicas. */
export function peerGroup({ peers }: PodOptions): Directive[] {
  if (!peers) return [];
  return [
    block("upstream", "peers", [
      directive("zone", "peers", "256k"),
      directive("hash", "$digest", "consistent"),
      ...peers.servers.map((server) =>
        directive("server", literal(server), "max_fails=1", `fail_timeout=${breakSeconds}s`),
      ),
    ]),
  ];
}

/**
 * The locations of blobs for clients. A replica's answer is final, even if its origin is down, because it is then down for all replicas. A replica uses its own origin only if no
 * replica can be reached.
 * @param ownBlobs the location of the replica's own cache
 */
export function blobsOfPeers(ownBlobs: (place: string[]) => Directive): Directive[] {
  return [
    block("location", "=", "/blob", [
      directive("proxy_pass", "http://peers$request_uri"),
      // A new connection for each request. On a kept connection to a machine that has vanished, TCP would retransmit the request for a quarter of an hour.
      ...requestHeaders({
        Connection: "close",
        ...Object.fromEntries(
          conditions.map((header) => [header, `$http_${header.toLowerCase().replaceAll("-", "_")}`]),
        ),
      }),
      // Nothing is cached here, so this buffer is the memory that a connection takes.
      directive("proxy_buffering", "off"),
      directive("proxy_buffer_size", "64k"),
      // A replica is silent while it fills its cache for another client. TCP keepalive notices a machine that vanishes meanwhile: see the Pod's sysctls.
      directive("proxy_read_timeout", `${fillSeconds}s`),
      directive("proxy_socket_keepalive", "on"),
      directive("recursive_error_pages", "on"),
      directive("error_page", 502, 504, "=", "@own"),
      ...errorPages,
    ]),
    ownBlobs(["@own"]),
  ];
}

/** Serves blobs to the other replicas. The client's replica logs and counts the requests. @param ownBlobs the location of the replica's own cache */
export function peerServer(options: PodOptions, ownBlobs: Directive): Directive[] {
  const { peers, listen } = options;
  if (!peers) return [];
  return [
    block("server", [
      ...listen.addresses.map((address) =>
        directive("listen", `${literal(address)}:${peers.port}`, "backlog=4096"),
      ),
      directive("access_log", "off"),
      ...limitOfTransfers(options),
      ...refusals(),
      ...fillRules(options),
      directive("rewrite", "^", "/$kind", "last"),
      // Also on errors, because the header tells the client's replica that the request passed the allow-list.
      directive("add_header", "X-Cache", "$upstream_cache_status", "always"),
      ownBlobs,
    ]),
  ];
}
