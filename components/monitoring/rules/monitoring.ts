import type { Thresholds } from "../../config/thresholds.ts";
import { outsideJob } from "../outside-probe.ts";
import { inAnyReplica, unreachable } from "./availability.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

/** What a Prometheus has had from a cache within so much time, and has no more. */
function gone(time: string): string {
  const prometheus = 'up{job="registry-cache-prometheus"}';
  // Replicas come and go, and a Deployment's have new names after a roll-out.
  const present = inAnyReplica(prometheus);
  // With other `monitoring.labels`, a cache has other series. One that was there before is another cache of the region.
  const renamed = `${present} unless ${inAnyReplica(`${prometheus} offset ${time}`)}`;
  return `${inAnyReplica(`last_over_time(${prometheus}[${time}])`)} unless ${present} unless on (provider, topology, region) (${renamed})`;
}

/** Whether the parts are there, and whether alerts arrive at all. */
export function monitoringAlerts(thresholds: Thresholds, durations: Durations): Alert[] {
  const { missingMinutes, goneHours, restartsPerHour, lostLines } = thresholds;
  const hour = durations.hours(1);
  const lost = perSecond('registry_cache_log_lines_lost_total{log="requests"}', "log", durations);
  const counted = perSecond(
    "registry_cache_requests_total",
    "upstream, kind, cache, refused, method, status",
    durations,
  );
  const restarts = (metric: string) => `changes(${metric}[${hour}]) > ${restartsPerHour}`;
  return [
    {
      name: "RegistryCacheTargetMissing",
      severity: "notify",
      topic: "monitoring",
      // The janitor is read through nginx, whose absence is another alert. The last two parts are for a Prometheus elsewhere, which keeps what a cache was, and whose own exporter may be dead: RegistryCacheUnreachable is blind then.
      expr: [
        `up{job=~"registry-cache-.*",job!="registry-cache-janitor"} == 0 unless ignoring (job, instance) ${unreachable}`,
        // The janitor counts them; what they are missing from is the exporter's.
        `label_replace(${lost} > ${lostLines} * (${lost} + (${counted} or 0 * ${lost})), "job", "registry-cache-edge", "", "") unless ignoring (job, instance) up{job="registry-cache-edge"} == 0`,
        // As the Prometheus Operator calls the PodMonitor, and ScrapeConfigs that an earlier version of the project made, in whatever spelling.
        'up{job=~".+/registry-cache|(?i:scrapeconfig)/[^/]+/registry-cache-.+"} == 0',
        `time() - registry_cache_janitor_run_time_seconds > ${durations.seconds(missingMinutes)}`,
        `label_replace(${remoteWriteFails(thresholds, durations)}, "job", "registry-cache-remote-write", "", "")`,
        gone(durations.hours(goneHours)),
        `up{job=~"${outsideJob("")}.+"} == 0`,
      ].join(" or "),
      for: durations.minutes(missingMinutes),
      description: "Prometheus gets no metrics, or not all, of {{ $labels.job }}.",
    },
    {
      name: "RegistryCacheRestartLoop",
      severity: "page",
      inWorkingHours: true,
      topic: "availability",
      expr: [
        // 0 while nginx is stopped. The janitor measures it, and registry-cache-edge is the exporter.
        `label_replace(changes((registry_cache_edge_start_time_seconds > 0)[${hour}:]) > ${restartsPerHour}, "job", "registry-cache-nginx", "", "")`,
        restarts("registry_cache_janitor_start_time_seconds"),
        // An origin is stopped as long as its upstream is silent, and started anew.
        `${restarts('process_start_time_seconds{job=~"registry-cache-.*"}')} unless ignoring (job, instance) min_over_time(probe_success{job="registry-cache-upstream"}[${hour}]) == 0`,
        // The exporter doesn't say when it was started; its counters begin anew.
        `max without (upstream, kind, cache, refused, method, status) (resets(registry_cache_requests_total[${hour}])) > ${restartsPerHour}`,
      ].join(" or "),
      description: "{{ $labels.job }} has restarted {{ $value }} times within an hour.",
    },
    {
      name: "Watchdog",
      severity: "none",
      topic: "monitoring",
      expr: "vector(1)",
      description: "This alert always fires. If it doesn't arrive, no other alert can.",
    },
  ];
}

/** @param labels over all of which it is, besides those of every target */
function perSecond(counter: string, labels: string, durations: Durations): string {
  return `sum without (job, instance, ${labels}) (rate(${counter}[${durations.minutes(5)}]))`;
}

/** What the other side refuses isn't sent again, and counts as sent. What doesn't arrive is, and the time of what was sent last is absent until something was. */
function remoteWriteFails({ missingMinutes }: Thresholds, durations: Durations): string {
  const labels = "remote_name, url";
  const metric = (name: string) => `prometheus_remote_storage_${name}{job="registry-cache-prometheus"}`;
  const samples = (name: string) => perSecond(metric(`samples_${name}_total`), labels, durations);
  const sent = `max without (job, instance, ${labels}) (${metric("queue_highest_sent_timestamp_seconds")})`;
  return `${samples("failed")} > 0 or ${samples("retried")} > 0 unless time() - ${sent} < ${durations.seconds(missingMinutes)}`;
}
