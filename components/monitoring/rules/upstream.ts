import type { Thresholds } from "../../config/thresholds.ts";
import { replicaLabels, unreachable } from "./availability.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

export function upstreamAlerts(thresholds: Thresholds, durations: Durations): Alert[] {
  const { unreachableMinutes, outdatedHours, errorRatio, errorMinutes, busyRequestsPerMinute } = thresholds;
  const { missErrorRatio, failingMissesPerMinute } = thresholds;
  const failing = (metric: string, requests: string) =>
    `${metric} > ${errorRatio} and ${requests} > ${busyRequestsPerMinute} / 60`;
  // In a warm cache, all that isn't there can fail and be a small share of the whole. Where most fails, a few requests are enough to know.
  const missesFail = `upstream:registry_cache_miss_errors:ratio_rate5m > ${missErrorRatio} and upstream:registry_cache_misses:rate5m > ${failingMissesPerMinute} / 60`;
  const errors = "upstream:registry_cache_errors:ratio_rate5m";
  // An origin is stopped while its upstream is silent, and without it, nobody knows of manifests.
  const noManifests = `probe_success{job="registry-cache-manifests"} == 0 unless ignoring (job, instance) (${unreachable} or up{job="registry-cache-origin"} == 0)`;
  const noAnswers = `${unreachable} or ${noManifests}`;
  const unlessUnreachable = `unless ignoring (job, instance) (${noAnswers})`;
  return [
    {
      name: "RegistryCacheUpstreamUnreachable",
      severity: "notify",
      topic: "upstream",
      expr: noAnswers,
      for: durations.minutes(unreachableMinutes),
      description:
        "The upstream {{ $labels.upstream }} doesn't answer, or gives no manifests. The cache serves what it has, and tags don't change.",
    },
    {
      name: "RegistryCacheTagsOutdated",
      severity: "page",
      inWorkingHours: true,
      topic: "upstream",
      // Within so many hours, replicas come and go, and the fault may be seen by the other probe.
      expr: `max without (job, instance, ${replicaLabels}) (${noAnswers})`,
      for: durations.hours(outdatedHours),
      description: `For ${outdatedHours} h, the upstream {{ $labels.upstream }} hasn't answered, or has given no manifests. The tags that the cache serves are as old.`,
    },
    {
      name: "RegistryCacheErrors",
      severity: "notify",
      topic: "upstream",
      expr: `(${failing(errors, "upstream:registry_cache_requests:rate5m")} or ${errors} and ${missesFail}) ${unlessUnreachable}`,
      for: durations.minutes(errorMinutes),
      description:
        "{{ $value | humanizePercentage }} of the requests for images of {{ $labels.upstream }} fail.",
    },
    {
      name: "RegistryCacheOriginErrors",
      severity: "notify",
      topic: "upstream",
      expr: `${failing("upstream:registry_http_errors:ratio_rate5m", "upstream:registry_http_requests:rate5m")} ${unlessUnreachable}`,
      for: durations.minutes(errorMinutes),
      description:
        "{{ $value | humanizePercentage }} of the requests to the origin of {{ $labels.upstream }} fail.",
    },
  ];
}
