import type { Thresholds } from "../../config/thresholds.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

export function availabilityAlerts({ downMinutes }: Thresholds, durations: Durations): Alert[] {
  const silent = 'probe_success{job="registry-cache-endpoint"} == 0';
  // Its metrics come through nginx, without TLS.
  const running = 'ignoring (job, instance) up{job="registry-cache-janitor"} == 1';
  const common = { topic: "availability", severity: "page", for: durations.minutes(downMinutes) } as const;
  return [
    {
      ...common,
      name: "RegistryCacheDown",
      inWorkingHours: true,
      expr: `${silent} unless ${running}`,
      description: "The cache doesn't answer; clients pull from the upstreams.",
    },
    {
      ...common,
      name: "RegistryCacheProbeFailing",
      inWorkingHours: true,
      expr: `${silent} and ${running}`,
      description:
        "The cache runs, but its endpoint doesn't answer as it should; clients pull from the upstreams.",
    },
    {
      ...common,
      name: "RegistryCacheNoSource",
      expr: `${unreachable} and ignoring (job, instance, upstream) ${silent}`,
      description: "Neither the cache nor {{ $labels.upstream }} answers: nothing can be pulled from it.",
    },
  ];
}

export const unreachable = 'probe_success{job="registry-cache-upstream"} == 0';
