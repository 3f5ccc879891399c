import type { Thresholds } from "../../config/thresholds.ts";
import { outsideJob } from "../outside-probe.ts";
import { inAnyReplica, requestLabels, unreachable } from "./availability.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

/** The jobs whose metrics nginx serves. */
const throughNginx = "registry-cache-(janitor|acme|prefetch|keeper)";

/** Caches whose metrics a Prometheus had within the given hours, and no longer has. */
function gone(hours: number, durations: Durations): string {
  const prometheus = 'up{job="registry-cache-prometheus"}';
  const time = durations.hours(hours);
  // Over all replicas, because they come and go, and those of a Deployment get new names in a roll-out.
  const present = inAnyReplica(prometheus);
  // Without `topology`: main had no such label until 2026-11-27, and a cache from before would be missed once it gets one.
  const place = "(provider, region)";
  const count = (caches: string) => `count by ${place} (${caches})`;
  // A change of `monitoring.labels` renames a cache's series, but a region has as many caches as before. A cache counts after an hour, when a roll-out has replaced its old series.
  const before = `${present} and ${inAnyReplica(`${prometheus} offset ${durations.hours(1)}`)}`;
  const fewer = `${count(present)} < max_over_time(${count(before)}[${time}:${durations.minutes(15)}])`;
  return `${inAnyReplica(`last_over_time(${prometheus}[${time}])`)} unless ${present} unless on ${place} (${present} unless on ${place} ${fewer})`;
}

/**
 * Alerts for missing or restarting parts, and for the delivery of alerts.
 * @param isOwn whether the Prometheus is the cache's own
 */
export function monitoringAlerts(thresholds: Thresholds, durations: Durations, isOwn: boolean): Alerts {
  const { missingMinutes, goneHours, restartsPerHour, lostLines } = thresholds;
  const hour = durations.hours(1);
  // Without the janitor, the exporter's own count remains.
  const lost = perSecond(
    ['registry_cache_log_lines_lost_total{log="requests"}', "registry_cache_log_parse_errors_total"],
    "log",
    durations,
  );
  const counted = perSecond(["registry_cache_requests_total"], requestLabels, durations);
  const tooManyLost = `${lost} > ${lostLines} * (${lost} + (${counted} or 0 * ${lost}))`;
  // The probe of the endpoint sends pings, which count, too.
  const nothingCounted = `max without (job, instance) (probe_success{job="registry-cache-endpoint"}) == 1 unless ${counted} > 0`;
  const restarts = (metric: string) => `changes(${metric}[${hour}]) > ${restartsPerHour}`;
  return {
    RegistryCacheTargetMissing: {
      severity: "notify",
      topic: "monitoring",
      expr: [
        `up{job=~"registry-cache-.*",job!~"${throughNginx}"} == 0 unless ignoring (job, instance) ${unreachable}`,
        // If nginx is down, another alert fires.
        `up{job=~"${throughNginx}"} == 0 unless ignoring (job, instance) probe_success{job="registry-cache-endpoint"} == 0`,
        // The label names the exporter's job, because its metrics lack these lines.
        `label_replace(${tooManyLost} or ${nothingCounted}, "job", "registry-cache-edge", "", "") unless ignoring (job, instance) up{job="registry-cache-edge"} == 0`,
        // The Prometheus Operator's job names for the PodMonitor, and for ScrapeConfigs of earlier versions of this project, in upper or lower case.
        'up{job=~".+/registry-cache|(?i:scrapeconfig)/[^/]+/registry-cache-.+"} == 0',
        // nginx also serves what a part wrote before it died.
        ...["janitor", "keeper"].map(
          (part) => `time() - registry_cache_${part}_run_time_seconds > ${durations.seconds(missingMinutes)}`,
        ),
        `label_replace(${remoteWriteFails(thresholds, durations)}, "job", "registry-cache-remote-write", "", "")`,
        ...(isOwn
          ? []
          : [
              // A cache that can't be scraped is already found by its job.
              `ignoring (job, instance) ${gone(goneHours, durations)}`,
              // Without the exporter of the probe from outside, RegistryCacheUnreachable can't fire.
              `up{job=~"${outsideJob("")}.+"} == 0`,
            ]),
      ].join(" or "),
      for: durations.minutes(missingMinutes),
      description: "Prometheus gets no metrics, or not all, of {{ $labels.job }}.",
    },
    RegistryCacheRestartLoop: {
      severity: "page",
      inWorkingHours: true,
      topic: "availability",
      expr: [
        // The metric is 0 while nginx is stopped. The janitor exports it, so the label names nginx. registry-cache-edge is the exporter's job.
        `label_replace(changes((registry_cache_edge_start_time_seconds > 0)[${hour}:]) > ${restartsPerHour}, "job", "registry-cache-nginx", "", "")`,
        restarts("registry_cache_janitor_start_time_seconds"),
        // Excludes origins with a silent upstream, which are stopped and started on purpose.
        `${restarts('process_start_time_seconds{job=~"registry-cache-.*"}')} unless ignoring (job, instance) min_over_time(probe_success{job="registry-cache-upstream"}[${hour}]) == 0`,
        // The exporter has no metric of its start time, but its counters are reset.
        `max without (${requestLabels}) (resets(registry_cache_requests_total[${hour}])) > ${restartsPerHour}`,
      ].join(" or "),
      description: "{{ $labels.job }} has restarted {{ $value }} times within an hour.",
    },
    Watchdog: {
      severity: "none",
      topic: "monitoring",
      expr: "vector(1)",
      description: "This alert always fires. If it doesn't arrive, no other alert can.",
    },
  };
}

/** @param labels labels to aggregate over, in addition to `job` and `instance` */
function perSecond(counters: readonly string[], labels: string, durations: Durations): string {
  const rates = counters.map((counter) => `rate(${counter}[${durations.minutes(5)}])`);
  return `sum without (job, instance, ${labels}) (${rates.join(" or ")})`;
}

/** Samples that the receiver refuses count as failed and sent, and aren't retried. Samples that don't arrive are retried. The time of the last sent sample is absent before the first one. */
function remoteWriteFails({ missingMinutes }: Thresholds, durations: Durations): string {
  const labels = "remote_name, url";
  const metric = (name: string) => `prometheus_remote_storage_${name}{job="registry-cache-prometheus"}`;
  const samples = (name: string) => perSecond([metric(`samples_${name}_total`)], labels, durations);
  const sent = `max without (job, instance, ${labels}) (${metric("queue_highest_sent_timestamp_seconds")})`;
  return `${samples("failed")} > 0 or ${samples("retried")} > 0 unless time() - ${sent} < ${durations.seconds(missingMinutes)}`;
}
