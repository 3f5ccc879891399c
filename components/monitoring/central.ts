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

export interface CentralMonitoringOptions extends OutsideProbeOptions {
  /** Where its metrics can be read. @default nowhere */
  readonly address?: MetricsAddress | undefined;
  readonly alerts: StackConfig["monitoring"]["alerts"];
}

export function centralMonitoring({
  address,
  alerts,
  ...options
}: CentralMonitoringOptions): CentralMonitoring {
  const { region, ca } = options;
  const groups = ruleGroups(alerts);
  return {
    ...(address && {
      statusPage: `${address.scheme}://${address.target}/`,
      scrapeConfig: federation(region, address, ca),
    }),
    ...(address?.scheme === "https" && {
      operator: operatorManifests({ region, address, ca, groups }),
    }),
    rules: { groups },
    dashboardUid,
    probe: outsideProbe(options),
  };
}
