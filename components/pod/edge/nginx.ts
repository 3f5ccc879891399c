import { createHash } from "node:crypto";
import { block, type Directive, directive, literal, renderNginxConf } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { type UpstreamPorts, upstreamPorts } from "../upstream-ports.ts";
import { blobLocations, blobMaps, blobsInactive, forever, ownBlobs, placeVariable } from "./blobs.ts";
import { cacheZones } from "./budget.ts";
import { cached, fillSeconds, mutable, originHeaders, requestHeaders, silentFor } from "./cached.ts";
import { checkGroup, checkServer, checks, checkWaitSeconds } from "./checks.ts";
import { engineMaps } from "./engines.ts";
import { refusal, refusals, unavailable } from "./errors.ts";
import { fillMaps, fillRules, fills, mostFills, resumedServer, storeServer } from "./fills.ts";
import { limitsOfClients, limitZones } from "./limits.ts";
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
  /**
   * How long an origin may be silent for a manifest or a tag. Then containerd falls back to the upstream, so a black-holed upstream delays the
   * first pull by this time. A distant upstream needs about six round trips of 0.3 s for a cold tag.
   */
  manifestSilenceSeconds: 2.5,
  /** How long nginx sends no requests to the origin of a shared store that was silent or down. By then, origin.sh has noticed that the upstream is silent. */
  breakSeconds: 10,
} as const;

/** The complete nginx.conf of the edge. */
export function renderEdgeConfig(options: PodOptions): string {
  return configurationOf(options, edgeRevision(options));
}

/** The revision of a configuration, which the status server reports: the first 12 hexadecimal digits of the digest of the rest of its text. */
export function edgeRevision(options: PodOptions): string {
  return createHash("sha256").update(configurationOf(options, "")).digest("hex").slice(0, 12);
}

function configurationOf(options: PodOptions, revision: string): string {
  const { upstreams, ports, edgeWorkers = "auto" } = options;
  return renderNginxConf([
    directive("worker_processes", edgeWorkers),
    directive("worker_rlimit_nofile", filesPerWorker),
    // Also applies to workers that a reload replaces, which must finish their transfers. A stop of the container has a shorter limit of its own.
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
      // Includes the TLS handshake. nginx doesn't count a connection without a request towards its client's limit.
      directive("client_header_timeout", "5s"),
      directive("client_body_timeout", "10s"),
      // Nor does it count a connection with a refused request, while it reads the rest of the request's body.
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
      ...checkGroup(options),
      ...cacheZones(edgePaths.cache, options.budget, blobsInactive(options)),
      ...limitZones(),
      ...upstreamPorts(options).flatMap((it) => origin(it, options)),
      ...peerGroup(options),
      ...proxying(options),
      registryServer(options),
      ...peerServer(options, ownBlobs(options)),
      ...(options.metricsClients.length > 0 ? [metricsServer(options)] : []),
      statusServer(options, revision),
      unavailableServer(ports.edgeUnavailable),
      resumedServer(options),
      checkServer(options, limits.manifestSilenceSeconds),
      ...storeServer(options),
    ]),
  ]);
}

/** nginx creates these directories when it starts, even if it never uses them. Its root file system is read-only, so they are in the cache's volume. */
function temporaryPaths(): Directive[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    directive(`${name}_temp_path`, `${edgePaths.cache}/tmp/${name}`),
  );
}

/**
 * The groups of one origin and its backup. Without a shared store, the backup answers 503 while the origin is down. With one, the registry of the store's content answers, also while
 * the origin is silent. Without a shared store, silence for one object says nothing about others: origin.sh stops an origin whose upstream is silent. The zone shares the servers'
 * state among the workers.
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
 * Settings for every request to an origin. The client's headers and body aren't passed on, because one cached copy serves all clients, and the
 * origin returns an OCI manifest only if the Accept header names its media type.
 */
function proxying({ store }: PodOptions): Directive[] {
  return [
    directive("proxy_http_version", "1.1"),
    directive("proxy_pass_request_headers", "off"),
    directive("proxy_pass_request_body", "off"),
    ...requestHeaders(originHeaders),
    directive("proxy_connect_timeout", "1s"),
    directive("proxy_next_upstream", "error", ...(store === undefined ? [] : ["timeout"])),
    directive("proxy_buffer_size", "16k"),
    directive("proxy_buffers", 16, "64k"),
    directive("proxy_busy_buffers_size", "128k"),
    directive("proxy_temp_file_write_size", "512k"),
    // One large buffer, because each read of a cached file by a thread costs processor time, regardless of its size. In the benchmark, a fifth less
    // per byte than 2 buffers of 128k. A slow client holds it: see limits.ts. Without threads, one slow disk read would block the whole worker.
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

function registryServer(options: PodOptions): Directive {
  const { listen, region } = options;
  /** A location whose requests {@link checks} merges, so nginx's own lock would only delay them. */
  const merged = (kind: string, zone: string, key: string, path: string, ...directives: Directive[]) => {
    const waiting = silentFor(checkWaitSeconds(limits.manifestSilenceSeconds));
    const all = [...directives, directive("proxy_cache_lock", "off"), ...waiting];
    return cached(kind, zone, key, path, all, { origin: checks });
  };
  return block("server", [
    ...listeners(options, listen.port),
    ...ownListener(options),
    ...behindProxies(options),
    ...limitsOfClients(options),
    ...refusals(),
    block("if", "($admitted", "=", "0)", [directive("return", 403)]),
    ...fillRules(options),
    ...zotRules(options),
    // A request that gets here is of a known kind, which is also the name of its location.
    directive("rewrite", "^", `/${placeVariable(options)}`, "last"),
    block("location", "=", "/ping", [
      directive("add_header", "Docker-Distribution-API-Version", "registry/2.0"),
      directive("return", 200, "{}"),
    ]),
    ...blobLocations(options),
    ...onlyCachedLocations(options),
    merged(
      "manifest",
      "manifests",
      "$upstream $digest",
      "manifests/$digest",
      directive("proxy_cache_valid", 200, forever),
    ),
    merged("tag", "manifests", "$upstream $repository:$tag", "manifests/$tag", ...mutable(region)),
    merged(
      "list",
      "lists",
      "$upstream $repository $list_query",
      "tags/list$list_query",
      ...mutable(region),
      directive("proxy_hide_header", "Link"),
      directive("add_header", "Link", "$list_link"),
      cacheHeader(),
    ),
    // distribution has no referrers API. After a 404, clients look for the tag `sha256-…`, which a registry with that API doesn't have, and would find no
    // signatures, without an error: https://github.com/google/go-containerregistry/blob/v0.22.1/pkg/v1/remote/referrers.go#L64
    block("location", "=", "/referrers", [
      refusal(403, "UNSUPPORTED", "this cache serves no referrers: look for them at the registry itself"),
    ]),
    ...zotLocations(options),
  ]);
}

function unavailableServer(port: number): Directive {
  return block("server", [
    // Bursts of clients pass through this port, too: see checks.ts.
    directive("listen", `127.0.0.1:${port}`, "backlog=4096"),
    directive("access_log", "off"),
    unavailable,
  ]);
}
