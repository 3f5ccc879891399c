import { metricsPort, type PodPorts } from "../../config/ports.ts";
import { block, type Directive, directive, literal } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { filesOf } from "../part.ts";
import { requestHeaders } from "./cached.ts";
import { hasZot } from "./engines.ts";
import { refusal } from "./errors.ts";
import { listeners } from "./listeners.ts";
import { edgePaths } from "./paths.ts";

/** The page that shows how the cache does, in the edge's ConfigMap. */
export const statusPageFile = "status.html";

/** What other containers leave for the edge to show, in Prometheus's text format. */
export const metricsFiles = {
  janitor: `${edgePaths.cache}/tmp/metrics`,
  acme: `${edgePaths.tls}/metrics`,
  prefetch: `${edgePaths.cache}/tmp/prefetch-metrics`,
  keeper: `${edgePaths.cache}/tmp/keeper-metrics`,
} as const;

/**
 * What may be read of Prometheus: what Grafana asks a data source for, federation for another Prometheus, and readiness. Not its pages, its configuration,
 * its administration or its profiles. https://prometheus.io/docs/prometheus/latest/querying/api/
 */
const readable =
  "^/(?<readable>federate|-/ready|api/v1/(?:query|query_range|query_exemplars|series|labels|label/\\w+/values|metadata|rules|alerts|status/buildinfo))$";

/** Prometheus for those who may read the metrics, and the status page. They come by themselves, also where clients come by proxies. */
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
 * The same on loopback, and what the containers need of each other.
 * @param revision what the configuration is known by, for whoever waits until it is taken up
 */
export function statusServer({ ports, prefetch, upstreams }: PodOptions, revision: string): Directive {
  const { edgeStatus, edgeUnavailable } = ports;
  // For the janitor: nginx counts an object that it opens; it never asks an origin for one that is gone. While a thread would read the object for the first
  // time, the same one would be a miss for a client. prefetch.sh asks for what a client may be filling, which it doesn't wait for, and
  // for what isn't there, all of it at once: to nginx, the end of its questions looks like a client that has gone.
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
    // For the janitor, too: see cacheZones().
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
      // The rest of its policy is in the page, which knows its own script. This can't be: https://www.w3.org/TR/CSP3/#directive-frame-ancestors
      directive("add_header", "Content-Security-Policy", "frame-ancestors 'none'"),
      directive("add_header", "X-Content-Type-Options", "nosniff"),
      // The next one may be another: the browser asks whether it is.
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
