/** Values that must differ between the regions of several stacks. */
import { sharedPlaces } from "../../components/config/own-places.ts";
import type { Problem } from "../../components/config/problems.ts";
import type { Findings } from "../../components/hosts/kind.ts";
import { externalLabels } from "../../components/pod/options.ts";
import type { Configuration } from "../fleet/configurations.ts";

/**
 * Finds regions of several stacks with the same hostname: the later one would take over the records of the earlier one. On a user's own machine, ports distinguish the caches. A public cache and a
 * private one have their records in different zones.
 */
export function sharedHostnames(configurations: readonly Configuration[]): Problem[] {
  const named = configurations.flatMap(({ path, config: { provider, regions } }) =>
    regions.map(({ endpoint }, index) => {
      const { hostname, port, tls } = endpoint;
      const name = provider === "local" ? `${hostname}:${port}` : hostname.toLowerCase();
      const isPrivate = "exposure" in endpoint && endpoint.exposure === "private";
      const inZone = isPrivate ? `private ${name}` : name;
      // Each would make the same records for its challenge in a public zone.
      const inChallenge = provider === "azure" && tls.mode === "acme" ? [`challenge ${name}`] : [];
      return { at: `${path}: regions[${index}].endpoint`, keys: [inZone, ...inChallenge], inZone, name };
    }),
  );
  return repeated(named).map(({ at, name, key, inZone, owner }) => ({
    path: `${at}.hostname`,
    message:
      `${name} is also that of ${owner}` +
      (key === inZone
        ? ""
        : ", and in Azure only one cache of a name can have `tls: { mode: acme }`: set another mode"),
  }));
}

/**
 * Finds regions of several stacks in one namespace of a cluster, or with one bucket of the user. Without `kubeconfig`, contexts of the same name can lead to different clusters,
 * so such a namespace is only a warning.
 */
export function placesOfOthers(configurations: readonly Configuration[]): Findings {
  const regions = configurations.flatMap(({ path, config: { regions } }) =>
    regions.map((region, index) => ({ at: `${path}: regions[${index}]`, region })),
  );
  const byName = regions.filter(({ region }) => "context" in region && region.kubeconfig === undefined);
  const known = regions.map((it) =>
    byName.includes(it) ? { ...it, region: { ...it.region, context: undefined } } : it,
  );
  return {
    problems: sharedPlaces(known.map(({ at, region }) => [at, region])),
    warnings: sharedPlaces(
      byName.map(({ at, region }) => [at, { ...region, storage: undefined }]),
      "if both contexts lead to the same cluster",
    ),
  };
}

/** Finds regions of several stacks whose series and alerts can't be distinguished outside the cache, because their labels are the same. */
export function sharedLabels(configurations: readonly Configuration[]): Problem[] {
  const labelled = configurations.flatMap(({ path, config: { provider, monitoring, regions } }) =>
    regions.map((region, index) => {
      const labels = Object.entries(externalLabels({ provider, region, monitoring }));
      const texts = labels.map((label) => label.join("=")).sort();
      return { at: `${path}: regions[${index}]`, keys: [texts.join(", ")] };
    }),
  );
  return repeated(labelled).map(({ at, key, owner }) => ({
    path: at,
    message:
      `its series and alerts have the same labels as those of ${owner}: ${key}. ` +
      "A central Prometheus or Alertmanager takes both caches for one: give one of the stacks a label of its own in monitoring.labels",
  }));
}

/** Entries that share a key with an earlier entry, each with that key and the place of its first entry. */
function repeated<Entry extends { readonly keys: readonly string[]; readonly at: string }>(
  entries: readonly Entry[],
) {
  const owners = new Map<string, string>();
  return entries.flatMap((entry) => {
    const found = entry.keys.flatMap((key) => {
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, entry.at);
      return owner === undefined ? [] : [{ ...entry, key, owner }];
    });
    return found.slice(0, 1);
  });
}
