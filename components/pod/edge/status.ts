import { metricsPort, type PodPorts } from "../../config/ports.ts";
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { filesOf } from "../part.ts";
import { requestHeaders } from "./cached.ts";
import { hasZot } from "./engines.ts";
import { refusal } from "./errors.ts";
import { listeners } from "./listeners.ts";
import { edgePaths } from "./paths.ts";

/** The file of the status page in the edge's ConfigMap. */
export const statusPageFile = "status.html";

/** The files in which other containers write metrics for the edge to serve, in Prometheus's text format. */
export const metricsFiles = {
  janitor: `${edgePaths.cache}/tmp/metrics`,
  acme: `${edgePaths.tls}/metrics`,
  prefetch: `${edgePaths.cache}/tmp/prefetch-metrics`,
  keeper: `${edgePaths.cache}/tmp/keeper-metrics`,
} as const;

/**
 * The paths of Prometheus that are exposed: Grafana's queries, federation for another Prometheus, and readiness. Its pages, configuration, administration
 * and profiles aren't. https://prometheus.io/docs/prometheus/latest/querying/api/
 */
const readable =
  "^/(?<readable>federate|-/ready|api/v1/(?:query|query_range|query_exemplars|series|labels|label/\\w+/values|metadata|rules|alerts|status/buildinfo))$";

/** Serves Prometheus and the status page to permitted readers of the metrics. They connect directly, even if clients use proxies. */
export function metricsServer(options: PodOptions): Directive {
  const { metricsClients, ports } = options;
  return block("server", [
    ...listeners(options, metricsPort),
    directive("access_log", "off"),
    ...metricsClients.map((range) => directive("allow", literal(range))),
    directive("deny", "all"),
    ...pages(ports),
  ]);
}

/**
 * Serves Prometheus, the status page and what the containers need from each other, on loopback.
 * @param revision identifies the configuration, so that others can wait until nginx uses it
 */
export function statusServer({ ports, prefetch, upstreams }: PodOptions, revision: string): Directive {
  const { edgeStatus, edgeUnavailable } = ports;
  // For the janitor: the request makes nginx open an object and count it, and never reaches an origin. Without `aio off`, the object would be a miss for
  // clients while a thread reads it for the first time. prefetch.sh sends all its requests at once, also for blobs that a client is just fetching or that
  // aren't in the cache. It must not wait for them, and nginx must not take the end of its requests for a disconnect.
  const known = (zone: string) =>
    exactly(`/known/${zone}`, [
      directive("aio", "off"),
      directive("proxy_pass", `http://127.0.0.1:${edgeUnavailable}`),
      directive("proxy_cache", zone),
      directive("proxy_cache_key", "$http_x_key"),
      ...(prefetch
        ? [directive("proxy_cache_lock", "off"), directive("proxy_ignore_client_abort", "on")]
        : []),
    ]);
  const metrics = (name: keyof typeof metricsFiles) =>
    exactly(`/metrics/${name}`, [
      directive("alias", metricsFiles[name]),
      directive("default_type", "text/plain; version=0.0.4"),
    ]);
  return block("server", [
    directive("listen", `127.0.0.1:${edgeStatus}`),
    directive("access_log", "off"),
    directive("keepalive_requests", 10_000_000),
    exactly("/healthz", [directive("return", 200, "ok")]),
    exactly("/revision", [directive("default_type", "text/plain"), directive("return", 200, revision)]),
    exactly("/connections", [directive("stub_status")]),
    metrics("janitor"),
    metrics("acme"),
    ...(prefetch ? [metrics("prefetch")] : []),
    ...(hasZot({ upstreams }) ? [metrics("keeper")] : []),
    known("blobs"),
    known("manifests"),
    // Also for the janitor: see cacheZones().
    exactly("/pulse", [
      directive("proxy_pass", `http://127.0.0.1:${edgeStatus}/healthz`),
      directive("proxy_cache", "pulse"),
      directive("proxy_cache_key", "pulse"),
      directive("proxy_cache_valid", 200, "1s"),
    ]),
    ...pages(ports),
  ]);
}

function pages({ prometheus }: PodPorts): Directive[] {
  return [
    exactly("/", [
      // nginx serves no file for a path that ends in a slash.
      directive("rewrite", "^", `/${statusPageFile}`, "break"),
      directive("root", filesOf("edge")),
      directive("default_type", "text/html; charset=utf-8"),
      // The page itself contains the rest of its policy, because it knows its script. This directive isn't allowed there: https://www.w3.org/TR/CSP3/#directive-frame-ancestors
      directive("add_header", "Content-Security-Policy", "frame-ancestors 'none'"),
      directive("add_header", "X-Content-Type-Options", "nosniff"),
      // The page can change, so the browser must revalidate it.
      directive("add_header", "Cache-Control", "no-cache"),
    ]),
    block("location", "~", readable, [
      block("limit_except", "GET", [directive("deny", "all")]),
      directive("proxy_pass", `http://127.0.0.1:${prometheus}/$readable$is_args$args`),
      ...requestHeaders({ Accept: "*/*" }),
      directive("proxy_intercept_errors", "off"),
    ]),
    block("location", "/", [refusal(404, "UNSUPPORTED", "not served here")]),
  ];
}

function exactly(path: string, directives: readonly Directive[]): Directive {
  return block("location", "=", path, directives);
}
