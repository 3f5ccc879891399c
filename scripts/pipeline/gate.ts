/** Checks whether the regions of a stack are healthy, before and after a wave. */

import { entriesOf, valueAt } from "../../components/config/as-written.ts";
import { isUnknownStack } from "../engine/trouble.ts";
import type { Backend } from "../fleet/backend.ts";
import { healthOf } from "../fleet/health.ts";
import { type CacheOutput, parseOutputs, type ReadOutputs } from "../fleet/outputs.ts";
import type { Prometheus } from "../fleet/prometheus.ts";
import { runningPod } from "../regions/running-pod.ts";

export interface GateOptions {
  readonly backend: Pick<Backend, "outputs">;
  /** A Prometheus with the metrics and alerts of all regions. */
  readonly prometheus?: Prometheus | undefined;
  /** Maximum share of a region's requests in the last five minutes that may have failed. */
  readonly maxErrorRatio: number;
}

/**
 * Checks a stack's regions, as they were last brought up. Never throws.
 * @returns the reasons not to continue, one phrase each. Empty if the stack has no resources, or doesn't exist, which `up` reports.
 */
export function gate({ backend, prometheus, maxErrorRatio }: GateOptions) {
  async function ask(stack: string): Promise<string[]> {
    let outputs: ReadOutputs | undefined;
    try {
      const found = await backend.outputs({ name: stack, updated: undefined });
      if (Object.keys(found).length > 0) outputs = parseOutputs(found);
    } catch (error) {
      const { message } = error as Error;
      return isUnknownStack(message) ? [] : [`its outputs can't be read: ${message}`];
    }
    const { caches = {}, monitoring = {}, cost = {} } = outputs ?? {};
    const regions = Object.entries(caches).map(async ([region, cache]) => {
      const of = selectorsOf(region, { monitoring, cost });
      const problems = await Promise.all([
        answerProblems(cache, prometheus !== undefined),
        podProblems(cache, monitoring[region]?.statusPage),
        ...(prometheus ? [monitoringProblems(prometheus, of, maxErrorRatio)] : []),
      ]);
      return problems.flat().map((problem) => `${region}: ${problem}`);
    });
    return (await Promise.all(regions)).flat();
  }
  return (stack: string) => ask(stack).catch(({ message }: Error) => [message]);
}

/** @param isMonitored if so, a region that can't be reached from here is no problem, because it may be closed to this network. Its own probe decides. */
async function answerProblems(cache: CacheOutput, isMonitored: boolean): Promise<readonly string[]> {
  const { reached, endpoint, problems } = await healthOf(cache);
  if (!reached && isMonitored) return [];
  return problems.map((problem) => `${endpoint}: ${problem}${reached ? "" : closed}`);
}

/** Checks that a machine runs the Pod that it should. A machine rolls back an unhealthy Pod and serves with the old one. Works only if this machine can read the metrics. */
async function podProblems({ pod, ca }: CacheOutput, statusPage: string | undefined): Promise<string[]> {
  if (pod === undefined || statusPage === undefined) return [];
  const { applied } = await runningPod(statusPage, { ca: ca?.certificate, timeoutSeconds });
  return applied === undefined || pod.startsWith(applied) ? [] : [otherPod];
}

const closed = ". If this network has no access, add its address to `access.clients`, or set PROMETHEUS_URL";
const timeoutSeconds = 5;
const otherPod = "runs another Pod than it is told to";

/** Parts of Prometheus selectors that distinguish a cache from all others. */
interface Selectors {
  readonly series: string;
  readonly alerts: string;
}

/** Uses the labels of a region's probe in the outputs, which all its series have, or else, for an earlier version's outputs, `provider` and `region`. */
export function selectorsOf(
  region: string,
  { monitoring, cost }: Pick<ReadOutputs, "monitoring" | "cost">,
): Selectors {
  const own = valueAt([region, "probe", "scrapeConfig", "static_configs", 0, "labels"], monitoring);
  const labels = Object.entries(own ?? { provider: cost[region]?.provider ?? "", region });
  // The labels of a rule replace those of its series.
  const rules = entriesOf(valueAt([region, "rules", "groups"], monitoring)).flatMap((group) =>
    entriesOf(valueAt(["rules"], group)),
  );
  const replaced = rules.flatMap((rule) => Object.keys(Object(valueAt(["labels"], rule))));
  const selector = (some: typeof labels) =>
    some.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ");
  return { series: selector(labels), alerts: selector(labels.filter(([name]) => !replaced.includes(name))) };
}

/** Uses the rules of components/monitoring/rules. All series in Prometheus must have the labels of their cache: docs/metrics.md. */
async function monitoringProblems(
  prometheus: Prometheus,
  { series: of, alerts: ofAlerts }: Selectors,
  maxErrorRatio: number,
): Promise<string[]> {
  const [probes, alerts, errors, outdated, fills] = await Promise.all(
    [
      `min(probe_success{job="registry-cache-endpoint", ${of}})`,
      `count by (alertname) (ALERTS{alertname=~"RegistryCache.+", alertstate="firing", severity="page", ${ofAlerts}})`,
      `max(upstream:registry_cache_errors:ratio_rate5m{${of}})`,
      `max({__name__=~"registry_cache_pod_outdated|registry_cache_edge_configuration_refused", ${of}})`,
      // The rules record this series for every cache, even without any requests.
      `min(zone:registry_cache_store_fill:ratio{${of}})`,
    ].map((query) => prometheus.query(query)),
  );
  const [probe] = probes ?? [];
  const [worst] = errors ?? [];
  const [isOutdated] = outdated ?? [];
  const [fill] = fills ?? [];
  return [
    ...(probe === undefined ? ["Prometheus has no probe of it"] : []),
    ...(probe && fill === undefined ? ["Prometheus doesn't have the rules"] : []),
    ...(probe && probe.value < 1 ? ["its own probe fails"] : []),
    ...(alerts ?? []).map(({ labels }) => `the alert ${labels.alertname} fires`),
    ...(isOutdated?.value === 1 ? [otherPod] : []),
    ...(worst && worst.value > maxErrorRatio
      ? [`${(worst.value * 100).toFixed(1)} % of its requests fail, more than ${maxErrorRatio * 100} %`]
      : []),
  ];
}
