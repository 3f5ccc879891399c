import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import { perUpstream } from "./recording.ts";
import type { Alerts } from "./rule.ts";

export function trafficAlerts(thresholds: Thresholds, durations: Durations): Alerts {
  const { busyRequestsPerMinute, collapsedHits, collapsedMinutes, slowMBps, slowTransfers, slowMinutes } =
    thresholds;
  const hits = "upstream:registry_cache_blob_hits:ratio_rate1h";
  // The median follows neither a release nor, for days, the collapse itself.
  const usual = `quantile_over_time(0.5, ${hits}[${durations.hours(7 * 24)}:${durations.minutes(5)}] offset ${durations.hours(1)})`;
  return {
    RegistryCacheHitRatioCollapsed: {
      severity: "notify",
      topic: "efficiency",
      expr: `${hits} < ${collapsedHits} * ${usual} and upstream:registry_cache_blob_requests:rate1h > ${busyRequestsPerMinute} / 60`,
      for: durations.minutes(collapsedMinutes),
      description:
        "In the last hour, only {{ $value | humanizePercentage }} of the blobs of {{ $labels.upstream }} came from the cache.",
    },
    RegistryCacheSlow: {
      severity: "notify",
      topic: "efficiency",
      expr: `upstream:registry_cache_blob_bytes_per_second:mean5m < ${slowMBps}e6 and upstream:registry_cache_blob_transfers:mean5m > ${slowTransfers}`,
      for: durations.minutes(slowMinutes),
      description: "Clients get blobs of {{ $labels.upstream }} at only {{ $value | humanize }}B/s each.",
    },
    RegistryCacheAbuse: {
      severity: "notify",
      topic: "efficiency",
      expr: abuse(thresholds, durations),
      description: `One client has more than ${Math.round(thresholds.abuseShare * 100)} % of the traffic: {{ $value | humanize }} bytes or requests per second.`,
    },
    RegistryCacheLimitReached: {
      severity: "notify",
      topic: "efficiency",
      expr: limitReached(thresholds, durations),
      for: durations.minutes(thresholds.errorMinutes),
      description:
        "{{ $value | humanizePercentage }} of the requests for images of {{ $labels.upstream }} are refused, because too many are in progress.",
    },
  };
}

/** Finds a client with an unusual share of the traffic. Metrics count clients in buckets of their addresses: see docs/metrics.md. */
function abuse(thresholds: Thresholds, durations: Durations): string {
  const { abuseShare, abuseClients, abuseMBps, abuseRequestsPerSecond } = thresholds;
  const hour = durations.hours(1);
  const over = (metric: string, least: string) => {
    const rate = `without (bucket) (rate(${metric}[${hour}]))`;
    return `max ${rate} > ${least} and max ${rate} > ${abuseShare} * sum ${rate}`;
  };
  const bytes = over("registry_cache_client_response_bytes_total", `${abuseMBps}e6`);
  const requests = over("registry_cache_client_requests_total", `${abuseRequestsPerSecond}`);
  return `(${bytes} or ${requests}) and count without (bucket) (rate(registry_cache_client_requests_total[${hour}]) > 0) >= ${abuseClients}`;
}

/** Finds upstreams whose clients are refused by the limits of the edge, which all upstreams share. Pings without an upstream don't count. */
function limitReached({ errorRatio, busyRequestsPerMinute }: Thresholds, durations: Durations): string {
  const requests = (refused: string) =>
    `${perUpstream}(rate(registry_cache_requests_total{upstream!="",refused${refused}}[${durations.minutes(5)}]))`;
  const all = requests('=~"|limit"');
  return `${requests('="limit"')} / ${all} > ${errorRatio} and ${all} > ${busyRequestsPerMinute} / 60`;
}
