import type { Thresholds } from "../../config/thresholds.ts";
import { mostlyFails, replicaLabels, unreachable, upstreamProbe } from "./availability.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

export function upstreamAlerts(thresholds: Thresholds, durations: Durations): Alerts {
  const { unreachableMinutes, outdatedHours, errorRatio, errorMinutes, busyRequestsPerMinute } = thresholds;
  const { missErrorRatio, failingMissesPerMinute } = thresholds;
  const failing = (metric: string, requests: string) =>
    `${metric} > ${errorRatio} and ${requests} > ${busyRequestsPerMinute} / 60`;
  // In a warm cache, misses are a small share of all requests, so the overall error ratio stays low even if all misses fail. If most misses fail, a few are enough evidence.
  const missesFail = `upstream:registry_cache_miss_errors:ratio_rate5m > ${missErrorRatio} and upstream:registry_cache_misses:rate5m > ${failingMissesPerMinute} / 60`;
  const errors = "upstream:registry_cache_errors:ratio_rate5m";
  const manifestsProbe = 'probe_success{job="registry-cache-manifests"}';
  // While its upstream is silent, an origin is stopped. Without the origin, the probe of manifests says nothing.
  const noAnswersBy = (noAnswer: string, noManifests: string) =>
    `${noAnswer} or ${noManifests} unless ignoring (job, instance) (${noAnswer} or up{job="registry-cache-origin"} == 0)`;
  const noAnswers = noAnswersBy(unreachable, `${manifestsProbe} == 0`);
  const fails = (probe: string) => `(${probe} == 0 or ${mostlyFails(probe, unreachableMinutes, durations)})`;
  const unlessUnreachable = `unless ignoring (job, instance) (${noAnswers})`;
  return {
    RegistryCacheUpstreamUnreachable: {
      severity: "notify",
      topic: "upstream",
      expr: noAnswersBy(fails(upstreamProbe), fails(manifestsProbe)),
      for: durations.minutes(unreachableMinutes),
      description:
        "The upstream {{ $labels.upstream }} doesn't answer, or gives no manifests. The cache serves what it has, and tags don't change.",
    },
    RegistryCacheTagsOutdated: {
      severity: "page",
      inWorkingHours: true,
      topic: "upstream",
      // Over all replicas and both probes: within these hours, replicas come and go, and another probe may see the fault.
      expr: `max without (job, instance, ${replicaLabels}) (${noAnswers})`,
      for: durations.hours(outdatedHours),
      description: `For ${outdatedHours} h, the upstream {{ $labels.upstream }} hasn't answered, or has given no manifests. The tags that the cache serves are as old.`,
    },
    RegistryCacheErrors: {
      severity: "notify",
      topic: "upstream",
      expr: `(${failing(errors, "upstream:registry_cache_requests:rate5m")} or ${errors} and ${missesFail}) ${unlessUnreachable}`,
      for: durations.minutes(errorMinutes),
      description:
        "{{ $value | humanizePercentage }} of the requests for images of {{ $labels.upstream }} fail.",
    },
    RegistryCacheOriginErrors: {
      severity: "notify",
      topic: "upstream",
      expr: `${failing("upstream:registry_http_errors:ratio_rate5m", "upstream:registry_http_requests:rate5m")} ${unlessUnreachable}`,
      for: durations.minutes(errorMinutes),
      description:
        "{{ $value | humanizePercentage }} of the requests to the origin of {{ $labels.upstream }} fail.",
    },
  };
}
