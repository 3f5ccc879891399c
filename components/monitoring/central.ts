import type { StackConfig } from "../config/schema.ts";
import { dashboardUid } from "./dashboard/dashboard.ts";
import { federation, type MetricsAddress } from "./federation.ts";
import { operatorManifests } from "./operator.ts";
import { type OutsideProbe, type OutsideProbeOptions, outsideProbe } from "./outside-probe.ts";
import type { RuleGroup } from "./rules/rule.ts";
import { ruleGroups } from "./rules/rule-groups.ts";

/** What a Prometheus of the team's needs to watch a cache from outside, and where people look. */
export interface CentralMonitoring {
  /** URL; absent where nobody may read the metrics. */
  readonly statusPage?: string;
  /** An entry of `scrape_configs`; absent where nobody may read the metrics. */
  readonly scrapeConfig?: object;
  /** The same for the Prometheus Operator, as manifests; absent where a cluster couldn't reach the metrics. */
  readonly operator?: readonly object[];
  /** The content of a rule file. */
  readonly rules: { readonly groups: readonly RuleGroup[] };
  readonly dashboardUid: string;
  /** By which it sees a cache that is dead. */
  readonly probe: OutsideProbe;
}

export interface CentralMonitoringOptions extends Omit<OutsideProbeOptions, "cache"> {
  /** Its name, without organization. */
  readonly stack: string;
  /** Its name. */
  readonly region: string;
  /** Where its metrics can be read. @default nowhere */
  readonly address?: MetricsAddress | undefined;
  readonly alerts: StackConfig["monitoring"]["alerts"];
}

/**
 * How the names of all that watches a cache end: caches of two stacks can be in one region, and one Prometheus has both. As for names in the clouds, the conventional stack
 * of one region says nothing that the region doesn't; on Kubernetes, regions can be called like a cloud's.
 * @returns for names of Kubernetes' objects: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
function cacheName(stack: string, region: string): string {
  const isConventional = stack === `aws-${region}` || stack === `azure-${region}`;
  return (isConventional ? region : `${stack}-${region}`).toLowerCase().replace(/[^a-z0-9-]/g, "-");
}

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
