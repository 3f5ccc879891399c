import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The syslog tag by which the exporter knows the edge's lines. */
export const syslogTag = "edge";

/** Over so many buckets, the clients are spread by a hash of their address: no label may have a value per client. */
const clientBuckets = 25;

/**
 * Three logs: one for people, with everything, on standard output; two for the exporter, with bounded values only (a syslog message is cut at 2 KiB), in
 * the field names that the exporter reads (see exporter.ts).
 */
export function accessLogs({ ports, peers }: PodOptions): Directive[] {
  const { exporterRequests, exporterClients, edgePull } = ports;
  const format = (name: string, fields: Record<string, string>) =>
    // nginx escapes the variables; all values are strings, since a number that isn't known is logged as `-` or nothing.
    directive("log_format", name, "escape=json", JSON.stringify(fields));
  const syslog = (port: number) => `syslog:server=127.0.0.1:${port},tag=${syslogTag},nohostname`;
  // What the Pod pulls for itself is in the log for people only: it says nothing of what clients get.
  return [
    ...variables(peers ? ofPeers() : ofOrigins()),
    block("map", "$server_port", "$counted", [directive("default", 1), directive(String(edgePull), 0)]),
    format("people", { ...peopleFields, ...(peers && { cache: "$cache", originAddress: "$upstream_addr" }) }),
    format("requests", requestFields),
    format("clients", clientFields),
    peopleLog,
    directive("access_log", syslog(exporterRequests), "requests", "if=$counted"),
    directive("access_log", syslog(exporterClients), "clients", "if=$counted"),
  ];
}

/** The log for people only, in place of all three. */
export const peopleLog = directive("access_log", "/dev/stdout", "people");

/** The header that tells a client where its answer came from. */
export function cacheHeader(): Directive {
  return directive("add_header", "X-Cache", "$upstream_cache_status$answer_begins");
}

/** Maps of `$cache` and `$origin_time`. */
function ofOrigins(): Directive[] {
  return [
    block("map", "$upstream_cache_status", "$cache", [
      directive("default", "$upstream_cache_status"),
      directive("", "NONE"),
    ]),
    block("map", "$upstream_response_time", "$origin_time", [
      directive("default", "$upstream_response_time"),
      directive("", "-"),
    ]),
  ];
}

/** The same. An answer of another replica counts as what it was there, and a hit there as one that no origin was asked for. */
function ofPeers(): Directive[] {
  return [
    block("map", "$upstream_cache_status$upstream_http_x_cache", "$cache", [
      directive("default", "NONE"),
      directive("~^(?<cache_status>[A-Z]+)$", "$cache_status"),
    ]),
    block("map", "$cache $upstream_response_time", "$origin_time", [
      directive("default", "$upstream_response_time"),
      directive("~ $", "-"),
      directive("~^HIT ", "-"),
    ]),
  ];
}

function variables(ofAnswers: readonly Directive[]): Directive[] {
  const bucket = 100 / clientBuckets;
  return [
    // A variable keeps its first value, so `$first_byte` is the time that passed until it was first asked for: by cacheHeader(), when the answer begins.
    block("map", "$request_time", "$first_byte", [directive("default", "$request_time")]),
    block("map", "$first_byte", "$answer_begins", [directive("default", "")]),
    ...ofAnswers,
    block("map", "$limit_conn_status|$request_method|$kind|$verdict|$cache|$status", "$refused", [
      directive("default", ""),
      directive("~^REJECTED\\|", "limit"),
      directive("~\\|none\\|", "request"),
      directive("~^\\w*\\|(?!GET\\||HEAD\\|)", "method"),
      directive("~\\|unknown\\|", "repository"),
      directive("~\\|allow\\|NONE\\|404$", "client"),
    ]),
    block(
      "split_clients",
      "$remote_addr",
      "$client_bucket",
      Array.from({ length: clientBuckets }, (_, index) =>
        directive(index === clientBuckets - 1 ? "*" : `${bucket}%`, index),
      ),
    ),
  ];
}

const peopleFields = {
  time: "$time_iso8601",
  client: "$remote_addr",
  method: "$request_method",
  uri: "$request_uri",
  status: "$status",
  kind: "$kind",
  upstream: "$upstream",
  cache: "$upstream_cache_status",
  refused: "$refused",
  bytes: "$body_bytes_sent",
  seconds: "$request_time",
  firstByteSeconds: "$first_byte",
  originStatus: "$upstream_status",
  originSeconds: "$upstream_response_time",
  userAgent: "$http_user_agent",
};

const requestFields = {
  request: "$request_method",
  status: "$status",
  kind: "$kind",
  upstream: "$upstream",
  cache: "$cache",
  refused: "$refused",
  body_bytes_sent: "$body_bytes_sent",
  request_time: "$request_time",
  upstream_connect_time: "$first_byte",
  upstream_response_time: "$origin_time",
};

const clientFields = { bucket: "$client_bucket", body_bytes_sent: "$body_bytes_sent" };
