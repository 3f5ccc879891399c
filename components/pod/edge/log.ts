import { type Directive, directive } from "../nginx-conf.ts";
import type { PodPorts } from "../ports.ts";

/** The syslog tag by which the exporter knows the edge's lines. */
export const syslogTag = "edge";

/**
 * Two logs: one for people, with everything, on standard output; one for the exporter, with bounded values only (a syslog message is cut at 2 KiB),
 * in the field names that the exporter reads (see exporter.ts).
 */
export function accessLogs({ exporterSyslog }: PodPorts): Directive[] {
  return [
    directive("log_format", "people", "escape=json", jsonFormat(peopleFields)),
    directive("log_format", "exporter", "escape=json", jsonFormat(exporterFields)),
    directive("access_log", "/dev/stdout", "people"),
    directive(
      "access_log",
      `syslog:server=127.0.0.1:${exporterSyslog},tag=${syslogTag},nohostname`,
      "exporter",
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
  bytes: "$body_bytes_sent",
  seconds: "$request_time",
  originStatus: "$upstream_status",
  originSeconds: "$upstream_response_time",
  userAgent: "$http_user_agent",
};

const exporterFields = {
  request: "$request_method",
  status: "$status",
  kind: "$kind",
  upstream: "$upstream",
  cache: "$upstream_cache_status",
  body_bytes_sent: "$body_bytes_sent",
  request_time: "$request_time",
  upstream_response_time: "$upstream_response_time",
};

/** nginx escapes the variables; all values are strings, since a number that isn't known is logged as `-` or nothing. */
function jsonFormat(fields: Record<string, string>): string {
  return JSON.stringify(fields);
}
