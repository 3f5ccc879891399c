import { Disk } from "@pulumi/azure-native/compute/disk.js";
import type * as pulumi from "@pulumi/pulumi";
import { ofRegion } from "../../config/per-region.ts";
import type { HostArgs } from "../kind.ts";
import type { VmFindings } from "./findings.ts";
import type { Place } from "./place.ts";
import type { AzureVmPlan } from "./plan.ts";
import { diskPlacement } from "./previous.ts";

/**
 * The data disk: cache, metrics, and certificate. It outlives the machine, and isn't deleted by mistake: `pulumi destroy` stops at it and names
 * `pulumi state unprotect`, the way to delete it after all. Azure makes a disk larger in place, and refuses to make it smaller.
 */
export function createDisk(
  name: string,
  args: HostArgs<AzureVmPlan, VmFindings>,
  place: Place,
  options: pulumi.CustomResourceOptions,
): Disk {
  const { region, capacity, governance } = args.plan;
  const { disk } = capacity;
  const diskEncryptionSetId = ofRegion(governance?.diskEncryptionSet, region.name);
  const { name: diskName, zones } = diskPlacement(args);
  const isProvisioned = disk.type === "PremiumV2_LRS";
  return new Disk(
    name,
    {
      ...place,
      ...(zones.length > 0 && { zones: [...zones] }),
      diskName,
      sku: { name: disk.type },
      diskSizeGB: disk.sizeGiB,
      // Sectors as on any other disk; Premium SSD v2 would have 4096 bytes, for ever:
      // https://learn.microsoft.com/azure/virtual-machines/disks-deploy-premium-v2
      creationData: { createOption: "Empty", ...(isProvisioned && { logicalSectorSize: 512 }) },
      ...(isProvisioned && { diskIOPSReadWrite: disk.iops, diskMBpsReadWrite: disk.throughput }),
      encryption:
        diskEncryptionSetId === undefined
          ? { type: "EncryptionAtRestWithPlatformKey" }
          : { type: "EncryptionAtRestWithCustomerKey", diskEncryptionSetId },
      // Nobody exports its content over the network.
      networkAccessPolicy: "DenyAll",
      publicNetworkAccess: "Disabled",
    },
    // Azure doesn't change it. The preview then says that the disk would be replaced, as by another name, which `protect` doesn't let happen.
    { ...options, protect: true, replaceOnChanges: ["creationData"] },
  );
}
