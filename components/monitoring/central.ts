import type { StackConfig } from "../config/schema.ts";
import { dashboardUid } from "./dashboard/dashboard.ts";
import { federation, type MetricsAddress } from "./federation.ts";
import { type OperatorManifests, operatorManifests } from "./operator.ts";
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
}

/**
 * @param region its name
 * @param address where its metrics can be read, if they can
 * @param ca PEM of the authority that signs the endpoint's certificate, where it isn't a public one
 */
export function centralMonitoring(
  region: string,
  address: MetricsAddress | undefined,
  { alerts }: StackConfig["monitoring"],
  ca: string | undefined,
): CentralMonitoring {
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
  };
}
