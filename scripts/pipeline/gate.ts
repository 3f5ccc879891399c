/** Whether the regions of a stack are well: asked before a wave, and after it. */

import type { Backend } from "../fleet/backend.ts";
import { healthOf } from "../fleet/health.ts";
import { type CacheOutput, parseOutputs, type ReadOutputs } from "../fleet/outputs.ts";
import type { Prometheus } from "../fleet/prometheus.ts";
import { runningPod } from "../regions/running-pod.ts";
import { isUnknownStack } from "./trouble.ts";

export interface GateOptions {
  readonly backend: Backend;
  /** One that has the metrics and the alerts of all regions. */
  readonly prometheus?: Prometheus | undefined;
  /** Of a region's requests in the last five minutes, the share that may have failed. */
  readonly maxErrorRatio: number;
}

/**
 * Asks a stack's regions, as they were brought up last. Never throws.
 * @returns what speaks against going on, a phrase each. None for a stack that has nothing yet, or that isn't there, which `up` says.
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
      const of = { provider: cost[region]?.provider ?? "", region };
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

/** @param isMonitored a region that can't be reached from here may be closed to this network; then its own probe decides. */
async function answerProblems(cache: CacheOutput, isMonitored: boolean): Promise<readonly string[]> {
  const { reached, endpoint, problems } = await healthOf(cache);
  if (!reached && isMonitored) return [];
  return problems.map((problem) => `${endpoint}: ${problem}`);
}

/** What isn't well with a new Pod, a machine takes back, and serves by the old one. Only where its metrics can be read from here. */
async function podProblems({ pod, ca }: CacheOutput, statusPage: string | undefined): Promise<string[]> {
  if (pod === undefined || statusPage === undefined) return [];
  const { applied } = await runningPod(statusPage, { ca: ca?.certificate, timeoutSeconds });
  return applied === undefined || pod.startsWith(applied) ? [] : [otherPod];
}

const timeoutSeconds = 5;
const otherPod = "runs another Pod than it is told to";

interface Labels {
  readonly provider: string;
  readonly region: string;
}

/** A region's series, in a selector of Prometheus. */
export function labelsOf(provider: string, region: string): string {
  return `provider=${JSON.stringify(provider)}, region=${JSON.stringify(region)}`;
}

/** By the rules of components/monitoring/rules, in a Prometheus that has the labels `provider` and `region` on every series: docs/metrics.md. */
async function monitoringProblems(
  prometheus: Prometheus,
  { provider, region }: Labels,
  maxErrorRatio: number,
): Promise<string[]> {
  const of = labelsOf(provider, region);
  const [probes, alerts, errors, outdated, fills] = await Promise.all(
    [
      `min(probe_success{job="registry-cache-endpoint", ${of}})`,
      `count by (alertname) (ALERTS{alertname=~"RegistryCache.+", alertstate="firing", severity="page", ${of}})`,
      `max(upstream:registry_cache_errors:ratio_rate5m{${of}})`,
      `max({__name__=~"registry_cache_pod_outdated|registry_cache_edge_configuration_refused", ${of}})`,
      // The rules record it of each cache, whatever it's asked.
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
