import { cloudStacks, type StackConfig } from "../config/schema.ts";
import { conventionalStack } from "../config/stack-name.ts";
import { dashboardUid } from "./dashboard/dashboard.ts";
import { federation, type MetricsAddress } from "./federation.ts";
import { operatorManifests } from "./operator.ts";
import { type OutsideProbe, type OutsideProbeOptions, outsideProbe } from "./outside-probe.ts";
import type { RuleGroup } from "./rules/rule.ts";
import { ruleGroups } from "./rules/rule-groups.ts";

/** What a team's central Prometheus needs to watch a cache, and where people can look at it. */
export interface CentralMonitoring {
  /** URL of the status page. Absent if nobody may read the metrics. */
  readonly statusPage?: string;
  /** An entry of `scrape_configs`. Absent if nobody may read the metrics. */
  readonly scrapeConfig?: object;
  /** Scrape configuration and rules as manifests for the Prometheus Operator. Absent if a cluster couldn't reach the metrics. */
  readonly operator?: readonly object[];
  /** The content of a rule file. */
  readonly rules: { readonly groups: readonly RuleGroup[] };
  readonly dashboardUid: string;
  /** The probe from outside, which notices a dead cache. */
  readonly probe: OutsideProbe;
}

export interface CentralMonitoringOptions extends Omit<OutsideProbeOptions, "cache"> {
  /** The stack's name, without organization. */
  readonly stack: string;
  /** The region's name. */
  readonly region: string;
  /** Where others can read its metrics. @default nowhere */
  readonly address?: MetricsAddress | undefined;
  readonly alerts: StackConfig["monitoring"]["alerts"];
}

/**
 * The suffix of the names of everything that watches a cache. It must distinguish the caches of two stacks in one region, which one Prometheus can watch. As in the clouds'
 * names, it omits the stack's name if that is the conventional one. On Kubernetes it doesn't, because a region there can have the name of a cloud's region.
 * @returns valid in the names of Kubernetes objects: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
function cacheName(stack: string, region: string): string {
  const isConventional = Object.keys(cloudStacks).some((cloud) => stack === conventionalStack(cloud, region));
  return (isConventional ? region : `${stack}-${region}`).toLowerCase().replace(/[^a-z0-9-]/g, "-");
}

/** Renders the stack output `monitoring.<region>`. */
export function centralMonitoring({
  stack,
  region,
  address,
  alerts,
  ...options
}: CentralMonitoringOptions): CentralMonitoring {
  const { ca, labels } = options;
  const groups = ruleGroups(alerts);
  const cache = cacheName(stack, region);
  return {
    ...(address && {
      statusPage: `${address.scheme}://${address.target}/`,
      scrapeConfig: federation({ cache, address, labels, ca }),
    }),
    ...(address?.scheme === "https" && {
      operator: operatorManifests({ cache, address, labels, ca, groups }),
    }),
    rules: { groups },
    dashboardUid,
    probe: outsideProbe({ cache, ...options }),
  };
}
