/** The stack outputs of a region that follow from its plan and its authority alone. Pure. */
import { type ClientOptions, cacheUrl } from "./clients/cache-address.ts";
import { type ClientConfiguration, clientConfiguration } from "./clients/clients.ts";
import type { RegionPlan } from "./hosts/kind.ts";
import { type CentralMonitoring, centralMonitoring } from "./monitoring/central.ts";
import { externalLabels } from "./pod/options.ts";

type Authority = ClientOptions["ca"] | undefined;

export function clientsOf({ region, upstreams, images }: RegionPlan, ca: Authority): ClientConfiguration {
  return clientConfiguration({
    region: region.name,
    endpoint: region.endpoint,
    dialTimeoutMilliseconds: region.dialTimeoutMilliseconds,
    upstreams,
    images,
    ...(ca && { ca }),
  });
}

export function monitoringOf(plan: RegionPlan, ca: Authority): CentralMonitoring {
  return centralMonitoring({
    stack: plan.stack,
    region: plan.region.name,
    endpoint: cacheUrl(plan.region.endpoint),
    labels: externalLabels(plan),
    address: plan.metrics,
    alerts: plan.monitoring.alerts,
    ca: ca?.certificate,
  });
}
