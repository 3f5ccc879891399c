import type { Thresholds } from "../../config/thresholds.ts";
import { outsideJob } from "../outside-probe.ts";
import type { Durations } from "./durations.ts";
import type { Alert } from "./rule.ts";

/** A failure that takes longer makes clients wait; before it, they have gone on to the upstream. */
const waitSeconds = 2;

/** Of a probe from outside, which only a central Prometheus has. */
const outside = `{job=~"${outsideJob("")}.+"}`;
/** Waiting for a resolver is no fault of a cache, and clients have resolvers of their own. */
const outsideSeconds = `probe_duration_seconds${outside} - probe_dns_lookup_time_seconds${outside}`;
const hasAddress = `probe_ip_protocol${outside} > 0`;

const common = { topic: "availability", severity: "page" } as const;

/** By a probe from outside alone. */
export function unreachableAlert({ silentMinutes }: Thresholds, durations: Durations): Alert {
  // A reboot takes less than half of it.
  const window = durations.minutes(2.5 * silentMinutes);
  const onAverage = (metric: string) => `avg_over_time(${metric}${outside}[${window}])`;
  return {
    ...common,
    name: "RegistryCacheUnreachable",
    for: durations.minutes(silentMinutes),
    // A refused connection, a wrong answer and a name without an address come at once, and so do their clients' fallbacks.
    expr: [
      `probe_success${outside} == 0 and ${outsideSeconds} > ${waitSeconds}`,
      // Answers in between don't help whoever waits for the others. A cache that comes up has no past to judge it by.
      `${onAverage("probe_success")} < 0.5 and ${onAverage("probe_duration_seconds")} - ${onAverage("probe_dns_lookup_time_seconds")} > ${waitSeconds} and ${hasAddress} and probe_success${outside} offset ${window}`,
    ].join(" or "),
    description:
      "The cache in {{ $labels.region }} doesn't answer packets. Clients without a dial timeout wait 30 s for each request. Run `npm run oncall -- STACK {{ $labels.region }} bypass` first.",
  };
}

/**
 * On Kubernetes, a region is away when each of its replicas is: a Prometheus of the cluster sees them all.
 * @param isOneOfSeveral the Prometheus is that of one replica, which sees no other
 */
export function availabilityAlerts(
  { downMinutes }: Thresholds,
  durations: Durations,
  isOneOfSeveral: boolean,
): Alert[] {
  const answers = inAnyReplica('probe_success{job="registry-cache-endpoint"}');
  const silent = `${answers} == 0`;
  // Its metrics come through nginx, without TLS.
  const running = `ignoring (job, instance, ${replicaLabels}) up{job="registry-cache-janitor"} == 1`;
  const own = { ...common, for: durations.minutes(downMinutes) };
  return [
    {
      ...own,
      name: "RegistryCacheDown",
      inWorkingHours: true,
      expr: `${silent} unless ${running}`,
      description: isOneOfSeveral
        ? "This replica doesn't answer. If no replica does, clients pull from the upstreams, more slowly."
        : "The cache doesn't answer. Clients pull from the upstreams, more slowly.",
    },
    {
      ...own,
      name: "RegistryCacheProbeFailing",
      inWorkingHours: true,
      // A probe from outside checks the certificate, as clients do, and sees a cache whose own probe is stopped with it. What is taken out of DNS on purpose has no address.
      expr: `${silent} and ${running} or probe_success${outside} == 0 and ${outsideSeconds} <= ${waitSeconds} and ${hasAddress} unless ignoring (job, instance, ${operatorLabels}) ${silent}`,
      description: isOneOfSeveral
        ? "nginx of this replica runs, but the probe {{ $labels.job }} gets no 200 from it. If no replica answers, clients pull from the upstreams."
        : "The probe {{ $labels.job }} gets no 200 from the endpoint. Clients pull from the upstreams.",
    },
    {
      ...own,
      // Of one replica, too: a Prometheus that reads replicas through their nginx has nothing of one without it.
      name: "RegistryCacheNoSource",
      expr: `${inAnyReplica(upstreamProbe)} == 0 and ignoring (job, instance, upstream) ${silent}`,
      description: isOneOfSeveral
        ? "Neither this replica nor the upstream {{ $labels.upstream }} answers. If no replica answers, nodes can't pull its images."
        : "Neither the cache nor the upstream {{ $labels.upstream }} answers. Nodes can't pull its images.",
    },
  ];
}

const upstreamProbe = 'probe_success{job="registry-cache-upstream"}';
export const unreachable = `${upstreamProbe} == 0`;

/** What tells replicas apart: a PodMonitor's label, and the Pod's own. Elsewhere, there is neither. */
export const replicaLabels = "pod, replica";

/** What the Prometheus Operator adds to the series of a Probe, and of a PodMonitor. All other labels tell caches apart, of which a region can have two. */
const operatorLabels = "namespace, container, endpoint";

/** The best of all replicas. */
export function inAnyReplica(expr: string): string {
  return `max without (${replicaLabels}) (${expr})`;
}
