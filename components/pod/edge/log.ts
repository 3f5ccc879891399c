import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";

/** The syslog tag by which the exporter recognizes the edge's lines. */
export const syslogTag = "edge";

/** The number of buckets for clients, by a hash of their address. A label must not have one value per client. */
const clientBuckets = 25;

/**
 * Three logs: one for people on standard output, with all fields, and two for the exporter, with the field names that it reads (see exporter.ts). These two
 * have only values of bounded length, because a syslog message is cut at 2 KiB.
 */
export function accessLogs({ ports, peers }: PodOptions): Directive[] {
  const { exporterRequests, exporterClients, edgePull } = ports;
  const format = (name: string, fields: Record<string, string>) =>
    // nginx escapes the variables. All values are strings, because nginx logs an unknown number as `-` or as nothing.
    directive("log_format", name, "escape=json", JSON.stringify(fields));
  const syslog = (port: number) => `syslog:server=127.0.0.1:${port},tag=${syslogTag},nohostname`;
  // The Pod's own pulls are only in the log for people, because they say nothing about clients.
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

/** Only the log for people, in place of all three logs. */
export const peopleLog = directive("access_log", "/dev/stdout", "people");

/** The header that tells a client whether its answer came from the cache. */
export function cacheHeader(): Directive {
  return directive("add_header", "X-Cache", "$upstream_cache_status$answer_begins");
}

/** An entry for the map of `$cache`. A client that gets an error together with others (see blobs.ts) has hit nothing. */
const refusedTogether = directive("~^HIT 503$", "MISS");

/** The maps for `$cache` and `$origin_time`. */
function ofOrigins(): Directive[] {
  return [
    block("map", "$upstream_cache_status $status", "$cache", [
      directive("default", "$upstream_cache_status"),
      directive("~^ ", "NONE"),
      refusedTogether,
    ]),
    block("map", "$upstream_response_time", "$origin_time", [
      directive("default", "$upstream_response_time"),
      directive("", "-"),
    ]),
  ];
}

/** The maps for replicas that share blobs. The cache status of another replica's answer counts as this replica's, and a hit there has no origin time. */
function ofPeers(): Directive[] {
  return [
    block("map", "$upstream_cache_status$upstream_http_x_cache $status", "$cache", [
      directive("default", "NONE"),
      refusedTogether,
      directive("~^(?<cache_status>[A-Z]+) ", "$cache_status"),
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
    // A variable keeps its first value. cacheHeader() evaluates `$first_byte` first, when the answer begins, so it is the time to the first byte.
    block("map", "$request_time", "$first_byte", [directive("default", "$request_time")]),
    block("map", "$first_byte", "$answer_begins", [directive("default", "")]),
    ...ofAnswers,
    block("map", "$limit_conn_status|$request_method|$kind|$verdict|$admitted|$cache|$status", "$refused", [
      directive("default", ""),
      directive("~^REJECTED\\|", "limit"),
      directive("~\\|none\\|", "request"),
      directive("~^\\w*\\|(?!GET\\||HEAD\\|)", "method"),
      directive("~\\|unknown\\|", "repository"),
      // An allowed client got no list, because the upstream's engine has none.
      directive("~\\|(?:list|referrers)\\|allow\\|1\\|NONE\\|40[34]$", "request"),
      directive("~\\|NONE\\|404$", "client"),
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
