/** What regions of several stacks must have for themselves. */
import type { Problem } from "../../components/config/problems.ts";
import { externalLabels } from "../../components/pod/options.ts";
import type { Configuration } from "../fleet/configurations.ts";

/**
 * Regions of several stacks that answer to one name: the later one takes the records of the earlier one. On a machine of one's own, ports tell them apart, and a public cache and a
 * private one have their records in different zones.
 */
export function sharedHostnames(configurations: readonly Configuration[]): Problem[] {
  const named = configurations.flatMap(({ path, config: { provider, regions } }) =>
    regions.map(({ endpoint }, index) => {
      const { hostname, port } = endpoint;
      const name = provider === "local" ? `${hostname}:${port}` : hostname.toLowerCase();
      const isPrivate = "exposure" in endpoint && endpoint.exposure === "private";
      return { at: `${path}: regions[${index}].endpoint`, key: isPrivate ? `private ${name}` : name, name };
    }),
  );
  return repeated(named).map(({ at, name, owner }) => ({
    path: `${at}.hostname`,
    message: `${name} is also that of ${owner}`,
  }));
}

/** Regions of several stacks whose series and alerts nothing tells apart once they have left the cache. */
export function sharedLabels(configurations: readonly Configuration[]): Problem[] {
  const labelled = configurations.flatMap(({ path, config: { provider, monitoring, regions } }) =>
    regions.map((region, index) => {
      const labels = Object.entries(externalLabels({ provider, region, monitoring }));
      const texts = labels.map((label) => label.join("=")).sort();
      return { at: `${path}: regions[${index}]`, key: texts.join(", ") };
    }),
  );
  return repeated(labelled).map(({ at, key, owner }) => ({
    path: at,
    message:
      `its series and alerts have the same labels as those of ${owner}: ${key}. ` +
      "A central Prometheus or Alertmanager takes both caches for one: give one of the stacks a label of its own in monitoring.labels",
  }));
}

/** Those whose key an earlier one has, each with where the first one is. */
function repeated<Entry extends { readonly key: string; readonly at: string }>(entries: readonly Entry[]) {
  const owners = new Map<string, string>();
  return entries.flatMap((entry) => {
    const owner = owners.get(entry.key);
    if (owner !== undefined) return [{ ...entry, owner }];
    owners.set(entry.key, entry.at);
    return [];
  });
}
