import type { Thresholds } from "../../config/thresholds.ts";
import { outsideJob } from "../outside-probe.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

/** A failure that takes longer makes clients wait; before it, they have gone on to the upstream. */
const waitSeconds = 2;

export function availabilityAlerts(
  { downMinutes, silentMinutes }: Thresholds,
  durations: Durations,
): Alert[] {
  const silent = 'probe_success{job="registry-cache-endpoint"} == 0';
  // Its metrics come through nginx, without TLS.
  const running = 'ignoring (job, instance) up{job="registry-cache-janitor"} == 1';
  const common = { topic: "availability", severity: "page", for: durations.minutes(downMinutes) } as const;
  const outside = `{job=~"${outsideJob("")}.+"}`;
  return [
    {
      ...common,
      name: "RegistryCacheUnreachable",
      for: durations.minutes(silentMinutes),
      // Only a central Prometheus has these. A refused connection, a wrong answer and a name without an address come at once, and so do their clients' fallbacks.
      // Waiting for a resolver is no fault of a cache, and clients have resolvers of their own.
      expr: `probe_success${outside} == 0 and probe_duration_seconds${outside} - probe_dns_lookup_time_seconds${outside} > ${waitSeconds}`,
      description:
        "The cache in {{ $labels.region }} doesn't answer packets. Clients without a dial timeout wait 30 s for each request. Run `npm run oncall -- STACK {{ $labels.region }} bypass` first.",
    },
    {
      ...common,
      name: "RegistryCacheDown",
      inWorkingHours: true,
      expr: `${silent} unless ${running}`,
      description: "The cache doesn't answer. Clients pull from the upstreams, more slowly.",
    },
    {
      ...common,
      name: "RegistryCacheProbeFailing",
      inWorkingHours: true,
      expr: `${silent} and ${running}`,
      description: "nginx runs, but the endpoint doesn't answer with 200. Clients pull from the upstreams.",
    },
    {
      ...common,
      name: "RegistryCacheNoSource",
      expr: `${unreachable} and ignoring (job, instance, upstream) ${silent}`,
      description:
        "Neither the cache nor the upstream {{ $labels.upstream }} answers. Nodes can't pull its images.",
    },
  ];
}

export const unreachable = 'probe_success{job="registry-cache-upstream"} == 0';
