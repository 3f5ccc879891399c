/**
 * Replicas that share their blobs: a hash of its digest says which of them keeps a blob, and the others pass it on from there. See docs/adr/0020-replicas-share-blobs.md.
 *
 * A client's request goes to the replica that the hash names, which may be the same one. What comes in at the replicas' own port is answered there, from the cache or from the
 * origin, and never passed on: so there are no loops.
 */
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { fillSeconds, requestHeaders } from "./cached.ts";
import { errorPages, refusals } from "./errors.ts";
import { fillRules } from "./fills.ts";

/** How long a replica that refused a connection, or didn't take it within a second, isn't asked again. */
const breakSeconds = 10;

/** What of a client's request decides how a blob is answered. */
const conditions = [
  "Range",
  "If-Range",
  "If-Match",
  "If-None-Match",
  "If-Modified-Since",
  "If-Unmodified-Since",
];

/** For the http block. The next replica is that of the next point on the ring, so it is the same one for all who ask. */
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
 * Blobs for clients. An answer of a replica stands, also one that says that the origin is away there: it is away for all. Only where none can be reached is the own origin asked.
 * @param ownBlobs the location of the own cache
 */
export function blobsOfPeers(ownBlobs: (place: string[]) => Directive): Directive[] {
  return [
    block("location", "=", "/blob", [
      directive("proxy_pass", "http://peers$request_uri"),
      // A connection for each request: one that was kept to a machine that is gone takes a request without a word, and TCP sends it again for a quarter of an hour.
      ...requestHeaders({
        Connection: "close",
        ...Object.fromEntries(conditions.map((header) => [header, `$http_${variable(header)}`])),
      }),
      // Nothing is kept here: what one connection takes of the memory is this buffer.
      directive("proxy_buffering", "off"),
      directive("proxy_buffer_size", "64k"),
      // It is silent while it fills its cache for somebody else. A machine that goes meanwhile is noticed by keepalive: see the Pod's sysctls.
      directive("proxy_read_timeout", `${fillSeconds}s`),
      directive("proxy_socket_keepalive", "on"),
      directive("recursive_error_pages", "on"),
      directive("error_page", 502, 504, "=", "@own"),
      ...errorPages,
    ]),
    ownBlobs(["@own"]),
  ];
}

/** Blobs for the other replicas. They are logged and counted where the client is. @param ownBlobs the location of the own cache */
export function peerServer(options: PodOptions, ownBlobs: Directive): Directive[] {
  const { peers, listen } = options;
  if (!peers) return [];
  return [
    block("server", [
      ...listen.addresses.map((address) =>
        directive("listen", `${literal(address)}:${peers.port}`, "backlog=4096"),
      ),
      directive("access_log", "off"),
      ...refusals(),
      ...fillRules(options),
      directive("rewrite", "^", "/$kind", "last"),
      // On errors, too: by it, the client's replica knows that its client was let in.
      directive("add_header", "X-Cache", "$upstream_cache_status", "always"),
      ownBlobs,
    ]),
  ];
}

function variable(header: string): string {
  return header.toLowerCase().replaceAll("-", "_");
}
