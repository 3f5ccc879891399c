import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { VolumeSource } from "../../pod/options.ts";
import type { PodManifests } from "../../pod/pod.ts";
import { withContentHash, workloadMetadata, workloadName } from "./names.ts";
import type { WorkloadRegion } from "./workload-args.ts";

/** The files of the Pod's containers. */
export interface PodFiles {
  /** By container. If a running container reloads some of its files, those are in another ConfigMap, whose key ends in `-live`. */
  readonly configMaps: Readonly<Record<string, ConfigMap>>;
  /** The source of each volume, by the name of its rendered ConfigMap. */
  readonly sources: Readonly<Record<string, VolumeSource>>;
}

/**
 * Whether running replicas reload changed files without a roll-out. Several replicas are replaced one by one instead, so that a bad change stops at the first one. A single
 * replica with a volume can't be replaced without an outage, so it reloads files.
 */
export function followsFiles({ storage, replicas }: WorkloadRegion): boolean {
  return storage.kind === "disk" && replicas.min === 1;
}

/**
 * ConfigMaps are immutable and their names depend on their content. So a change is a roll-out, and a failed roll-out leaves the old ConfigMap in use. Files that are reloaded are in a
 * ConfigMap that changes in place: kubelet writes it into the same directory within two minutes.
 *
 * @param liveName returns the name of a ConfigMap that changes in place. @default none changes in place
 */
export function podFiles(
  { configMaps, live }: PodManifests,
  region: WorkloadRegion,
  liveName?: (name: string) => string,
): PodFiles {
  const all: Record<string, ConfigMap> = {};
  const sources: Record<string, VolumeSource> = {};
  for (const { metadata, data = {}, ...rest } of configMaps) {
    const name = metadata?.name ?? "";
    const container = name.slice(`${workloadName}-`.length);
    const followed = (liveName && live[container]?.files) ?? [];
    const among = (isFollowed: boolean) =>
      Object.fromEntries(Object.entries(data).filter(([file]) => followed.includes(file) === isFollowed));
    const named = (its: string, data: Readonly<Record<string, string>>): ConfigMap => ({
      ...rest,
      metadata: { ...workloadMetadata(region), name: its },
      data,
    });
    const hashed = withContentHash(name, among(false));
    all[container] = { ...named(hashed, among(false)), immutable: true };
    sources[name] = { configMap: { name: hashed } };
    if (!liveName || followed.length === 0) continue;
    const changing = liveName(`${name}-live`);
    all[`${container}-live`] = named(changing, among(true));
    sources[name] = { projected: { sources: [hashed, changing].map((it) => ({ configMap: { name: it } })) } };
  }
  return { configMaps: all, sources };
}
