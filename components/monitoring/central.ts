import { metricsPort, podPorts } from "../config/ports.ts";
import type { StackConfig } from "../config/schema.ts";
import { dashboardUid } from "./dashboard/dashboard.ts";
import { federation, type MetricsAddress } from "./federation.ts";
import { type OperatorManifests, operatorManifests } from "./operator.ts";
import type { RuleGroup } from "./rules/rule.ts";
import { ruleGroups } from "./rules/rule-groups.ts";

type Region = StackConfig["regions"][number];

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

/** @param ca PEM of the authority that signs the endpoint's certificate, where it isn't a public one */
export function centralMonitoring(
  region: Region,
  { alerts }: StackConfig["monitoring"],
  ca: string | undefined,
): CentralMonitoring {
  const address = metricsAddress(region);
  const groups = ruleGroups(alerts);
  return {
    ...(address && {
      statusPage: `${address.scheme}://${address.target}/`,
      scrapeConfig: federation(region.name, address, ca),
    }),
    ...(address?.scheme === "https" && {
      operator: operatorManifests({ region: region.name, address, ca, groups }),
    }),
    rules: { groups },
    dashboardUid,
  };
}

/**
 * On this machine, whoever is there may read the metrics; elsewhere, the configuration says who. The endpoint of a cluster leads to any one of its replicas: they are
 * found by a PodMonitor, or send their metrics away.
 */
function metricsAddress(region: Region): MetricsAddress | undefined {
  if ("internalPort" in region) {
    // The port doesn't depend on how many upstreams there are.
    return { scheme: "http", target: `127.0.0.1:${podPorts(region.internalPort, 0).edgeStatus}` };
  }
  if (region.topology === "cluster" || region.access.metrics.length === 0) return undefined;
  return { scheme: "https", target: `${region.endpoint.hostname}:${metricsPort}` };
}
