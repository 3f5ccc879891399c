import type { PersistentVolumeClaimSpec } from "kubernetes-types/core/v1.d.ts";

/**
 * What a volume of one replica must be.
 * @param storageClass @default the cluster's
 */
export function claimSpec(diskGiB: number, storageClass: string | undefined): PersistentVolumeClaimSpec {
  return {
    accessModes: ["ReadWriteOnce"],
    ...(storageClass !== undefined && { storageClassName: storageClass }),
    resources: { requests: { storage: `${diskGiB}Gi` } },
  };
}
