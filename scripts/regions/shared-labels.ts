import type { Problem } from "../../components/config/problems.ts";
import { externalLabels } from "../../components/pod/options.ts";
import type { Configuration } from "../fleet/configurations.ts";

/** Regions of several stacks whose series and alerts nothing tells apart once they have left the cache. */
export function sharedLabels(configurations: readonly Configuration[]): Problem[] {
  const owners = new Map<string, string>();
  return configurations.flatMap(({ path, config: { provider, monitoring, regions } }) =>
    regions.flatMap((region, index) => {
      const at = `${path}: regions[${index}]`;
      const labels = Object.entries(externalLabels({ provider, region, monitoring }))
        .map((label) => label.join("="))
        .sort()
        .join(", ");
      const owner = owners.get(labels);
      if (owner === undefined) {
        owners.set(labels, at);
        return [];
      }
      const message =
        `its series and alerts have the same labels as those of ${owner}: ${labels}. ` +
        "A central Prometheus or Alertmanager takes both caches for one: give one of the stacks a label of its own in monitoring.labels";
      return [{ path: at, message }];
    }),
  );
}
