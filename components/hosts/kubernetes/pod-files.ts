import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { VolumeSource } from "../../pod/options.ts";
import type { PodManifests } from "../../pod/pod.ts";
import { withContentHash, workloadName } from "./names.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** The files of the Pod's containers. */
export interface PodFiles {
  /** By the container that each is for; with `-live` behind it, what the container takes up while it runs, where that is followed. */
  readonly configMaps: Readonly<Record<string, ConfigMap>>;
  /** What a volume has instead of its rendered ConfigMap, by that one's name. */
  readonly sources: Readonly<Record<string, VolumeSource>>;
}

/**
 * Whether a running replica takes up what it can, without a roll-out. Of several, one after the other is replaced, so that what doesn't work stays with the first; where one
 * with a volume is all there is, the cache would be away meanwhile.
 */
export function followsFiles({ storage, replicas }: WorkloadRegion): boolean {
  return storage.kind === "disk" && replicas.min === 1;
}

/**
 * ConfigMaps are immutable and named by their content, so another one is a roll-out, and a roll-out that fails leaves the old one. What is followed is in one that changes in
 * place: kubelet writes it into the same directory within two minutes.
 *
 * @param liveName the name of a ConfigMap that changes in place. @default none does
 */
export function podFiles(
  { configMaps, live }: PodManifests,
  { namespace }: WorkloadRegion,
  liveName?: (name: string) => string,
): PodFiles {
  const parts = configMaps.map(({ metadata, data = {}, ...rest }) => {
    const name = metadata?.name ?? "";
    const container = name.slice(`${workloadName}-`.length);
    const followed = new Set(liveName && live[container]?.files);
    const among = (isFollowed: boolean) =>
      Object.fromEntries(Object.entries(data).filter(([file]) => followed.has(file) === isFollowed));
    const named = (its: string, files: ConfigMap["data"]): ConfigMap => ({
      ...rest,
      metadata: { ...metadata, name: its, namespace },
      data: files ?? {},
    });
    const hashed = withContentHash(name, among(false));
    const fixed = { ...named(hashed, among(false)), immutable: true };
    if (!liveName || followed.size === 0) {
      return { configMaps: { [container]: fixed }, source: [name, { configMap: { name: hashed } }] as const };
    }
    const changing = liveName(`${name}-live`);
    const projected = { sources: [hashed, changing].map((it) => ({ configMap: { name: it } })) };
    return {
      configMaps: { [container]: fixed, [`${container}-live`]: named(changing, among(true)) },
      source: [name, { projected }] as const,
    };
  });
  return {
    configMaps: Object.assign({}, ...parts.map((part) => part.configMaps)),
    sources: Object.fromEntries(parts.map(({ source }) => source)),
  };
}
