import { isDeepStrictEqual } from "node:util";
import { cacheUrl } from "../../components/clients/cache-address.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import type { CacheOutput } from "../fleet/outputs.ts";

/**
 * What differs between a region in its stack's file and its outputs from the last update. Only a preview shows all changes.
 * @returns one word per difference
 */
export function changedSince({ regions, upstreams }: StackConfig, name: string, was: CacheOutput): string[] {
  const region = regions.find((one) => one.name === name);
  if (!region) return ["removed"];
  const served = (list: CacheOutput["upstreams"]) =>
    list.map(({ registry, repositories }) => ({ registry, repositories }));
  const compared = {
    endpoint: [cacheUrl(region.endpoint), was.endpoint],
    topology: [region.topology, was.topology],
    storage: [region.storage.kind, was.storage.kind],
    upstreams: [served([...upstreams]), served(was.upstreams)],
  };
  return Object.entries(compared).flatMap(([what, [is, before]]) =>
    isDeepStrictEqual(is, before) ? [] : [what],
  );
}
