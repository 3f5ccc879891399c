import { Volume } from "@pulumi/aws/ebs/volume.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PlannedDisk } from "../../capacity/plan-disk.ts";
import type { Names } from "./naming.ts";

export interface DiskArgs {
  readonly names: Names;
  readonly disk: PlannedDisk;
  /** The availability zone of the machine. Another one would be another disk, which `protect` doesn't let happen. */
  readonly zone: pulumi.Input<string>;
  /** Another one would be another disk, too. @default the account's key for volumes */
  readonly kmsKeyArn?: string | undefined;
}

/**
 * The data disk: cache, metrics, and certificate. It outlives the machine, and isn't deleted by mistake: `pulumi destroy` stops at it and names
 * `pulumi state unprotect`, the way to delete it after all. It grows and gets faster in place.
 */
export function createDisk(
  name: string,
  { names, disk, zone, kmsKeyArn: kmsKeyId }: DiskArgs,
  options: pulumi.CustomResourceOptions,
): Volume {
  return new Volume(
    name,
    {
      availabilityZone: zone,
      type: disk.type,
      size: disk.sizeGiB,
      iops: disk.iops,
      throughput: disk.throughput,
      encrypted: true,
      ...(kmsKeyId !== undefined && { kmsKeyId }),
      tags: names.tags("data"),
    },
    { ...options, protect: true },
  );
}
