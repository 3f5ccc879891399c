import type { StackConfig } from "../config/schema.ts";
import { dashboardUid } from "./dashboard/dashboard.ts";
import { federation, type MetricsAddress } from "./federation.ts";
import { type OperatorManifests, operatorManifests } from "./operator.ts";
import { type OutsideProbe, outsideProbe } from "./outside-probe.ts";
import type { RuleGroup } from "./rules/rule.ts";
import { ruleGroups } from "./rules/rule-groups.ts";

/** What a Prometheus of the team's needs to watch a cache from outside, and where people look. */
export interface CentralMonitoring {
  /** URL; absent where nobody may read the metrics. */
  readonly statusPage?: string;
  /** An entry of `scrape_configs`; absent where nobody may read the metrics. */
  readonly scrapeConfig?: object;
  /** The same for the Prometheus Operator; absent where a cluster couldn't reach the metrics. */
  readonly operator?: OperatorManifests;
  /** The content of a rule file. */
  readonly rules: { readonly groups: readonly RuleGroup[] };
  readonly dashboardUid: string;
  /** By which it sees a cache that is dead. */
  readonly probe: OutsideProbe;
}

export interface CentralMonitoringOptions {
  /** Its name. */
  readonly region: string;
  /** URL that clients ask. */
  readonly endpoint: string;
  /** Of all series that leave the cache. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where its metrics can be read. @default nowhere */
  readonly address?: MetricsAddress | undefined;
  readonly alerts: StackConfig["monitoring"]["alerts"];
  /** PEM of the authority that signs the endpoint's certificate. @default a public one */
  readonly ca?: string | undefined;
}

export function centralMonitoring({
  region,
  endpoint,
  labels,
  address,
  alerts,
  ca,
}: CentralMonitoringOptions): CentralMonitoring {
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
    probe: outsideProbe({ region, endpoint, ca, labels }),
  };
}
