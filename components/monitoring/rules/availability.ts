import type { Thresholds } from "../../config/thresholds.ts";
import { outsideJob } from "../outside-probe.ts";
import type { Durations } from "./durations.ts";
import type { Alerts } from "./rule.ts";

/** If a probe fails only after this time, clients have to wait, too. After a faster failure, they fall back immediately. */
const waitSeconds = 2;

/** Selects probes from outside, which only a central Prometheus has. */
const outside = `{job=~"${outsideJob("")}.+"}`;
/** Excludes the DNS look-up, because a slow resolver isn't the cache's fault, and clients have their own resolvers. */
const outsideSeconds = `probe_duration_seconds${outside} - probe_dns_lookup_time_seconds${outside}`;
const hasAddress = `probe_ip_protocol${outside} > 0`;

const common = { topic: "availability", severity: "page" } as const;

/** Only a probe from outside can find this. */
export function unreachableAlert({ silentMinutes }: Thresholds, durations: Durations): Alerts {
  // A reboot takes less than half of this window.
  const window = durations.minutes(2.5 * silentMinutes);
  const onAverage = (metric: string) => `avg_over_time(${metric}${outside}[${window}])`;
  return {
    RegistryCacheUnreachable: {
      ...common,
      for: durations.minutes(silentMinutes),
      // Excludes refused connections, wrong answers and names without an address: these fail fast, so clients fall back immediately.
      expr: [
        `probe_success${outside} == 0 and ${outsideSeconds} > ${waitSeconds}`,
        // Answers in between don't help clients whose requests wait. Excludes a new cache, which has no result at the window's start.
        `${onAverage("probe_success")} < 0.5 and ${onAverage("probe_duration_seconds")} - ${onAverage("probe_dns_lookup_time_seconds")} > ${waitSeconds} and ${hasAddress} and probe_success${outside} offset ${window}`,
      ].join(" or "),
      description:
        "The cache in {{ $labels.region }} doesn't answer packets. Clients without a dial timeout wait 30 s for each request. Run `npm run oncall -- STACK {{ $labels.region }} bypass` first.",
    },
  };
}

/**
 * On Kubernetes, a region is down when all its replicas are. The cluster's Prometheus sees all of them.
 * @param isOneOfSeveral whether the Prometheus is that of one replica, which doesn't see the others
 */
export function availabilityAlerts(
  { downMinutes }: Thresholds,
  durations: Durations,
  isOneOfSeveral: boolean,
): Alerts {
  const endpoint = 'probe_success{job="registry-cache-endpoint"}';
  const silent = `${inAnyReplica(endpoint)} == 0`;
  // Whether or not nginx seems to run, because an overloaded one answers Prometheus as rarely. Without any success, it is silent.
  const flapping = `${mostlyFails(endpoint, downMinutes, durations, inAnyReplica)} and ${inAnyReplica(`max_over_time(${endpoint}[${durations.minutes(downMinutes)}])`)} == 1`;
  const outsideFails = `(probe_success${outside} == 0 or ${mostlyFails(`probe_success${outside}`, downMinutes, durations)})`;
  // The janitor's metrics come through nginx without TLS, so they show that nginx is running.
  const running = `ignoring (job, instance, ${replicaLabels}) up{job="registry-cache-janitor"} == 1`;
  const served = `sum without (job, instance, ${requestLabels}, ${replicaLabels}) (rate(registry_cache_requests_total{kind!="ping",status=~"2.."}[${durations.minutes(1)}]))`;
  const own = { ...common, for: durations.minutes(downMinutes) };
  return {
    RegistryCacheDown: {
      ...own,
      inWorkingHours: true,
      expr: `${silent} unless ${running}`,
      description: isOneOfSeveral
        ? "This replica doesn't answer. If no replica does, clients pull from the upstreams, more slowly."
        : "The cache doesn't answer. Clients pull from the upstreams, more slowly.",
    },
    RegistryCacheProbeFailing: {
      ...own,
      inWorkingHours: true,
      // A probe from outside checks the certificate, as clients do, and finds a cache whose own probe has stopped with it. A cache that is taken out of DNS on purpose has no address.
      expr: `${silent} and ${running} or ${flapping} or ${outsideFails} and ${outsideSeconds} <= ${waitSeconds} and ${hasAddress} unless ignoring (job, instance, ${operatorLabels}) (${silent} or ${flapping})`,
      description: isOneOfSeveral
        ? "nginx of this replica runs, but the probe {{ $labels.job }} gets no 200 from it. If no replica answers, clients pull from the upstreams."
        : "The probe {{ $labels.job }} gets no 200 from the endpoint. Clients pull from the upstreams.",
    },
    RegistryCacheNoSource: {
      ...own,
      // Each replica has this alert, too, because a Prometheus that scrapes replicas through their nginx gets nothing from a replica without nginx.
      // One container probes both. If clients get content, it is at fault.
      expr: `${inAnyReplica(upstreamProbe)} == 0 and ignoring (job, instance, upstream) ${silent} unless ignoring (job, instance, upstream) ${served} > 0`,
      description: isOneOfSeveral
        ? "Neither this replica nor the upstream {{ $labels.upstream }} answers. If no replica answers, nodes can't pull its images."
        : "Neither the cache nor the upstream {{ $labels.upstream }} answers. Nodes can't pull its images.",
    },
  };
}

export const upstreamProbe = 'probe_success{job="registry-cache-upstream"}';
export const unreachable = `${upstreamProbe} == 0`;

/**
 * Finds a probe that mostly fails, with a success now and then. It must have failed lately, so that an outage that is over doesn't count. A new probe, which has no result at the window's
 * start, doesn't count either, because its target may still be starting.
 * @param minutes how long a probe may fail without a success
 * @param over aggregates over several probes
 */
export function mostlyFails(
  probe: string,
  minutes: number,
  durations: Durations,
  over = (expr: string) => expr,
): string {
  const [lately, window] = [durations.minutes(minutes / 2), durations.minutes(2 * minutes)];
  return `${over(`avg_over_time(${probe}[${window}])`)} < 0.5 and ${over(`min_over_time(${probe}[${lately}])`)} == 0 and ${over(`${probe} offset ${window}`)}`;
}

/** The labels of requests, apart from those of each scraped series. */
export const requestLabels = "upstream, kind, cache, refused, method, status";

/** The labels that distinguish replicas: a PodMonitor's, and the Pod's own. Other caches have neither. */
export const replicaLabels = "pod, replica";

/** The labels that the Prometheus Operator adds to the series of a Probe and of a PodMonitor. All other labels distinguish caches, and a region can have two. */
const operatorLabels = "namespace, container, endpoint";

/** The maximum over all replicas. */
export function inAnyReplica(expr: string): string {
  return `max without (${replicaLabels}) (${expr})`;
}
