import { Disk } from "@pulumi/azure-native/compute/disk.js";
import { VirtualMachine } from "@pulumi/azure-native/compute/virtualMachine.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type { NetworkInterface } from "@pulumi/azure-native/network/networkInterface.js";
import type { input } from "@pulumi/azure-native/types/index.js";
import * as pulumi from "@pulumi/pulumi";
import { ofRegion } from "../../../config/per-region.ts";
import { customDataTag } from "../../../config/tags.ts";
import { zonesOf } from "../regions.ts";
import type { PlacedVm } from "./findings.ts";
import { imageReference } from "./image.ts";
import { isTrusted } from "./machine-size.ts";
import { publicKeyOfNobody } from "./no-login.ts";
import { diskPlacement } from "./previous.ts";
import { customDataDigest, dataDiskLun } from "./user-data.ts";

/**
 * Properties whose change must replace the machine. Azure can't change them on an existing machine, but the provider would try, and fail
 * (https://github.com/pulumi/pulumi-azure-native/issues/577). The rest of `osProfile` and `securityProfile` changes in place.
 */
const replacing = [
  // Azure can change the size, but not to one with another kind of disk interface: https://learn.microsoft.com/azure/virtual-machines/nvme-overview
  "hardwareProfile.vmSize",
  // https://github.com/Azure/azure-quickstart-templates/issues/4121
  "osProfile.adminUsername",
  // https://github.com/Azure/azure-sdk-for-net/issues/3433
  "osProfile.computerName",
  // https://github.com/Azure/azure-sdk-for-node/issues/2297
  "osProfile.customData",
  // https://github.com/Azure/bicep/issues/15273
  "osProfile.linuxConfiguration.disablePasswordAuthentication",
  // https://github.com/Azure/azure-quickstart-templates/issues/5442
  "osProfile.linuxConfiguration.ssh",
  // Azure can change it only on a deallocated machine: https://learn.microsoft.com/azure/virtual-machines/trusted-launch-existing-vm
  "securityProfile.securityType",
  // Likewise: https://learn.microsoft.com/azure/virtual-machines/linux/disks-enable-host-based-encryption-cli
  "securityProfile.encryptionAtHost",
  "storageProfile.imageReference",
  // https://learn.microsoft.com/azure/virtual-machines/disk-encryption#restrictions
  "storageProfile.osDisk.managedDisk.diskEncryptionSet",
  "zones",
];

export interface MachineArgs {
  /** A version of Debian's image, or the resource id of another image. */
  readonly image: pulumi.Input<string>;
  readonly disk: Disk;
  readonly identity: UserAssignedIdentity;
  readonly networkInterface: NetworkInterface;
  /** Base64. Another value replaces the machine. */
  readonly customData: pulumi.Input<string>;
  /** Base64. The running machine reads a new value: https://learn.microsoft.com/azure/virtual-machines/user-data */
  readonly userData: pulumi.Input<string>;
  /** Resources that must exist when the machine starts, or reads a new {@link MachineArgs.userData}. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The machine with its data disk. All its state is on that disk, so the machine is replaced, not changed. The old one is deleted first, because the disk and the interface can't be
 * attached to two machines at once.
 */
export function createMachine(
  { plan: { region, names, capacity, governance }, place, found }: PlacedVm,
  { image, disk, identity, networkInterface, customData, userData, after }: MachineArgs,
  options: pulumi.CustomResourceOptions,
): VirtualMachine {
  const { machine } = capacity;
  const zones = zonesOf(region);
  const encryptionSet = ofRegion(governance?.diskEncryptionSet, region.name);
  const trusted = isTrusted(machine.type, found.hasTrustedLaunch);
  const staysTrusted = trusted && found.previous.machine?.hasTrustedLaunch !== false;
  const securityProfile = {
    ...(trusted && trustedLaunch),
    ...(governance?.encryptionAtHost && { encryptionAtHost: true }),
  };
  return new VirtualMachine(
    region.name,
    {
      ...place,
      tags: { ...place.tags, [customDataTag]: pulumi.output(customData).apply(customDataDigest) },
      ...(zones.length > 0 && { zones }),
      vmName: names.machine,
      hardwareProfile: { vmSize: machine.type },
      ...(Object.keys(securityProfile).length > 0 && { securityProfile }),
      identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
      userData,
      osProfile: {
        computerName: names.machine,
        adminUsername: "nobody-logs-in",
        customData,
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: {
            publicKeys: [{ path: "/home/nobody-logs-in/.ssh/authorized_keys", keyData: publicKeyOfNobody() }],
          },
        },
      },
      storageProfile: {
        imageReference: pulumi.output(image).apply((it) => imageReference(it, machine.architecture)),
        osDisk: {
          createOption: "FromImage",
          caching: "ReadWrite",
          // Otherwise, each replacement leaves a disk behind.
          deleteOption: "Delete",
          // Azure's SLA for a single machine depends on its slowest disk.
          managedDisk: {
            storageAccountType: "Premium_LRS",
            ...(encryptionSet !== undefined && { diskEncryptionSet: { id: encryptionSet } }),
          },
        },
        dataDisks: [
          {
            lun: dataDiskLun,
            createOption: "Attach",
            // Premium SSD v2 supports no other mode.
            caching: "None",
            deleteOption: "Detach",
            managedDisk: { id: disk.id },
          },
        ],
      },
      networkProfile: {
        networkInterfaces: [{ id: networkInterface.id, primary: true, deleteOption: "Detach" }],
      },
      diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    },
    {
      ...options,
      deleteBeforeReplace: true,
      // Without Trusted Launch, the provider reports that the whole profile is added or removed, not a property in it.
      replaceOnChanges: staysTrusted ? replacing : [...replacing, "securityProfile"],
      dependsOn: [...after],
    },
  );
}

const trustedLaunch: input.compute.SecurityProfileArgs = {
  securityType: "TrustedLaunch",
  uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
};

/**
 * The data disk with cache, metrics and certificate. It outlives the machine. It is protected against accidental deletion: `pulumi destroy` stops at the disk and names
 * `pulumi state unprotect`, which allows the deletion. Azure can make a disk larger in place, but not smaller.
 */
export function createDisk({ plan, place, found }: PlacedVm, options: pulumi.CustomResourceOptions): Disk {
  const { region, governance } = plan;
  const { disk } = plan.capacity;
  const diskEncryptionSetId = ofRegion(governance?.diskEncryptionSet, region.name);
  const { name: diskName, zones } = diskPlacement(plan, found.previous);
  const isProvisioned = disk.type === "PremiumV2_LRS";
  return new Disk(
    region.name,
    {
      ...place,
      ...(zones.length > 0 && { zones: [...zones] }),
      diskName,
      sku: { name: disk.type },
      diskSizeGB: disk.sizeGiB,
      // 512 bytes, as on other disks. The default of Premium SSD v2 is 4096 bytes, and can't be changed later:
      // https://learn.microsoft.com/azure/virtual-machines/disks-deploy-premium-v2
      creationData: { createOption: "Empty", ...(isProvisioned && { logicalSectorSize: 512 }) },
      ...(isProvisioned && { diskIOPSReadWrite: disk.iops, diskMBpsReadWrite: disk.throughput }),
      encryption:
        diskEncryptionSetId === undefined
          ? { type: "EncryptionAtRestWithPlatformKey" }
          : { type: found.encryptionType ?? "EncryptionAtRestWithCustomerKey", diskEncryptionSetId },
      // Prevents exports of the disk's content over the network.
      networkAccessPolicy: "DenyAll",
      publicNetworkAccess: "Disabled",
    },
    // Azure can't change it. So the preview shows a replacement of the disk, as for another name, and `protect` prevents it.
    { ...options, protect: true, replaceOnChanges: ["creationData"] },
  );
}
