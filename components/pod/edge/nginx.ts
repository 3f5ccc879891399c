import { createHash } from "node:crypto";
import { block, type Directive, directive, literal, renderNginxConf } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { type UpstreamPorts, upstreamPorts } from "../upstream-ports.ts";
import { blobLocations, blobMaps, blobsInactive, forever, ownBlobs, placeVariable } from "./blobs.ts";
import { cacheZones } from "./budget.ts";
import { cached, fillSeconds, mutable, requestHeaders, silentFor } from "./cached.ts";
import { engineMaps } from "./engines.ts";
import { refusals, unavailable } from "./errors.ts";
import { fillMaps, fillRules, fills, mostFills, resumedServer, storeServer } from "./fills.ts";
import { admission, listeners, ownListener } from "./listeners.ts";
import { accessLogs, cacheHeader } from "./log.ts";
import { onlyCachedLocations } from "./only-cached.ts";
import { edgePaths } from "./paths.ts";
import { peerGroup, peerServer } from "./peers.ts";
import { behindProxies, proxyMaps } from "./proxies.ts";
import { routing } from "./routing.ts";
import { metricsServer, statusServer } from "./status.ts";
import { connectionsPerWorker, filesPerWorker } from "./workers.ts";
import { zotLocations, zotRules } from "./zot.ts";

const limits = {
  /** With requests, of one client address: half of all, so that none can take the cache from the others. A NAT gateway in front of a cluster is one address. */
  connectionsPerClient: 4096,
  /**
   * How long an origin may be silent when it is asked for a manifest or a tag. containerd falls back to the upstream after it, so this is what
   * a black-holed upstream costs the first pull; a far upstream needs about six round trips of 0.3 s for a cold tag.
   */
  manifestSilenceSeconds: 2.5,
  /** How long the origin of a shared store that was silent, or not there, is not asked again: until origin.sh has noticed that its upstream is silent. */
  breakSeconds: 10,
} as const;

/** The complete nginx.conf of the edge. */
export function renderEdgeConfig(options: PodOptions): string {
  return configurationOf(options, edgeRevision(options));
}

/** What the status server answers for its configuration: 12 hexadecimal digits that the rest of the text decides. */
export function edgeRevision(options: PodOptions): string {
  return createHash("sha256").update(configurationOf(options, "")).digest("hex").slice(0, 12);
}

function configurationOf(options: PodOptions, revision: string): string {
  const { upstreams, ports, edgeWorkers = "auto" } = options;
  return renderNginxConf([
    directive("worker_processes", edgeWorkers),
    directive("worker_rlimit_nofile", filesPerWorker),
    // Of the workers that a new certificate or configuration replaces, too. A stop is limited by whoever stops.
    directive("worker_shutdown_timeout", "6h"),
    directive("pid", `${edgePaths.cache}/nginx.pid`),
    directive("error_log", "/dev/stderr", "warn"),
    block("events", [directive("worker_connections", connectionsPerWorker)]),
    block("http", [
      directive("server_tokens", "off"),
      directive("default_type", "application/json"),
      directive("tcp_nodelay", "on"),
      directive("keepalive_timeout", "75s"),
      directive("keepalive_requests", 10_000),
      directive("reset_timedout_connection", "on"),
      directive("client_max_body_size", "1k"),
      // Of TLS, too. Until then, a connection that says nothing isn't counted to its client.
      directive("client_header_timeout", "5s"),
      directive("client_body_timeout", "10s"),
      // Nor is one whose request was refused, while nginx reads what is left of its body.
      directive("lingering_time", "5s"),
      directive("lingering_timeout", "2s"),
      directive("map_hash_bucket_size", 256),
      ...temporaryPaths(),
      ...accessLogs(options),
      ...routing(upstreams),
      ...proxyMaps(options),
      ...admission(options),
      ...engineMaps(options),
      ...blobMaps(options),
      ...fillMaps(options),
      ...cacheZones(edgePaths.cache, options.budget, blobsInactive(options)),
      directive("limit_conn_zone", "$binary_remote_addr", "zone=clients:8m"),
      ...upstreamPorts(options).flatMap((it) => origin(it, options)),
      ...peerGroup(options),
      ...proxying(options),
      registryServer(options),
      ...peerServer(options, ownBlobs(options)),
      ...(options.metricsClients.length > 0 ? [metricsServer(options)] : []),
      statusServer(options, revision),
      unavailableServer(ports.edgeUnavailable),
      resumedServer(options),
      ...storeServer(options),
    ]),
  ]);
}

/** nginx makes these at start, also where nothing is ever written to them, and its root file system is read-only. */
function temporaryPaths(): Directive[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    directive(`${name}_temp_path`, `${edgePaths.cache}/tmp/${name}`),
  );
}

/**
 * One origin, and what is asked in its place: as long as it is down, a server that says at once that there is nothing; or, also as long as it is silent, the registry of what the
 * shared store has. Without such a store, silence for one object says nothing of another: an origin whose upstream is silent is stopped by origin.sh. The zone shares among the
 * workers what they know.
 */
function origin(
  { upstream, ports }: UpstreamPorts,
  { store, ports: { edgeUnavailable } }: PodOptions,
): Directive[] {
  const group = (
    kind: string,
    backup: readonly string[],
    watched: readonly string[],
    limit: string[] = [],
  ) => {
    const name = literal(`${kind}-${upstream.name}`);
    return block("upstream", name, [
      directive("zone", name, "64k"),
      directive("server", `127.0.0.1:${ports.http}`, ...watched, ...limit),
      directive("server", ...backup, "backup"),
      directive("keepalive", 64),
    ]);
  };
  const nothing = `127.0.0.1:${edgeUnavailable}`;
  if (store === undefined) return [group("origin", [nothing], ["max_fails=0"])];
  const watched = ["max_fails=1", `fail_timeout=${limits.breakSeconds}s`];
  return [
    group("origin", [`127.0.0.1:${ports.stored}`, ...watched], watched),
    group(fills, [nothing, ...watched], watched, [`max_conns=${mostFills}`]),
  ];
}

/**
 * What holds for every request to an origin. Nothing of the client's request goes there, neither headers nor body: one cached copy serves all
 * clients, and the origin answers an OCI manifest only to an Accept header that names its media type.
 */
function proxying({ store }: PodOptions): Directive[] {
  return [
    directive("proxy_http_version", "1.1"),
    directive("proxy_pass_request_headers", "off"),
    directive("proxy_pass_request_body", "off"),
    ...requestHeaders({ Connection: "", Accept: manifestMediaTypes.join(", ") }),
    directive("proxy_connect_timeout", "1s"),
    directive("proxy_next_upstream", "error", ...(store === undefined ? [] : ["timeout"])),
    directive("proxy_buffer_size", "16k"),
    directive("proxy_buffers", 16, "64k"),
    directive("proxy_busy_buffers_size", "128k"),
    directive("proxy_temp_file_write_size", "512k"),
    // One large buffer: each read of a cached file by a thread costs processor time, whatever its size. Measured by the bench, against 2 of 128k: a
    // fifth less per byte; without threads, one slow disk read holds up all that the worker does.
    directive("output_buffers", 1, "512k"),
    directive("aio", "threads"),
    directive("proxy_ignore_headers", "Cache-Control", "Expires", "Set-Cookie", "Vary"),
    directive("proxy_hide_header", "Set-Cookie"),
    directive("proxy_cache_lock", "on"),
    directive("proxy_cache_lock_age", `${fillSeconds}s`),
    directive("proxy_cache_lock_timeout", `${fillSeconds}s`),
    directive("proxy_intercept_errors", "on"),
    cacheHeader(),
  ];
}

/** All that a manifest request may ask for: https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md and Docker's. */
const manifestMediaTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

function registryServer(options: PodOptions): Directive {
  const { listen, region } = options;
  return block("server", [
    ...listeners(options, listen.port),
    ...ownListener(options),
    ...behindProxies(options),
    directive("limit_conn", "clients", limits.connectionsPerClient),
    directive("limit_conn_status", 503),
    ...refusals(),
    block("if", "($admitted", "=", "0)", [directive("return", 403)]),
    ...fillRules(options),
    ...zotRules(options),
    // What passed is now one of the kinds, and the location is its name.
    directive("rewrite", "^", `/${placeVariable(options)}`, "last"),
    block("location", "=", "/ping", [
      directive("add_header", "Docker-Distribution-API-Version", "registry/2.0"),
      directive("return", 200, "{}"),
    ]),
    ...blobLocations(options),
    ...onlyCachedLocations(options),
    cached("manifest", "manifests", "$upstream $digest", "manifests/$digest", [
      directive("proxy_cache_valid", 200, forever),
      ...silentFor(limits.manifestSilenceSeconds),
    ]),
    cached("tag", "manifests", "$upstream $repository:$tag", "manifests/$tag", [
      ...mutable(region),
      ...silentFor(limits.manifestSilenceSeconds),
    ]),
    cached("list", "lists", "$upstream $repository $list_query", "tags/list$list_query", [
      ...mutable(region),
      ...silentFor(limits.manifestSilenceSeconds),
      directive("proxy_hide_header", "Link"),
      directive("add_header", "Link", "$list_link"),
      cacheHeader(),
    ]),
    ...zotLocations(options),
  ]);
}

function unavailableServer(port: number): Directive {
  return block("server", [
    directive("listen", `127.0.0.1:${port}`),
    directive("access_log", "off"),
    unavailable,
  ]);
}
