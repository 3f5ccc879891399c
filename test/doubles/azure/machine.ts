import { isBase64, userDataProblem } from "../checks.ts";
import type { Request, Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { types } from "./account.ts";
import { demandEncryptionAtHost } from "./features.ts";
import { userIdentity } from "./identity.ts";
import { debianImage, definitionOf, demandDefinition, isDebian, isReplicated } from "./images.ts";
import { networkInterface, publicAddress } from "./network.ts";
import { demandSameRegion, resource } from "./resource.ts";
import { demandDiskType, demandQuota, demandSize, virtualMachine } from "./sizes.ts";
import { sizeNamed } from "./skus.ts";

const disk = "azure-native:compute:Disk";

/** https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile */
const refusedUsers = [
  "admin",
  "administrator",
  "root",
  "user",
  "guest",
  "test",
  "debian1",
  "console",
  "support",
  "sys",
];

export const machineRules: Readonly<Record<string, Rules>> = {
  [disk]: resource(
    { kind: "Microsoft.Compute/disks", name: "diskName", pattern: /^\w(?:[\w.-]{0,78}\w)?$/ },
    {
      // Encryption can change only while no running machine has the disk: https://learn.microsoft.com/azure/virtual-machines/disks-enable-customer-managed-keys-portal
      fixed: ["zones", "creationData", "sku.name", "osType", "encryption"],
      references: [{ at: "encryption.diskEncryptionSetId", to: types.encryptionSet }],
      check(inputs) {
        const [size = 0, iops, throughput] = ["diskSizeGB", "diskIOPSReadWrite", "diskMBpsReadWrite"].map(
          (it) => number(it, inputs),
        );
        const invalid = (condition: unknown, message: string) =>
          demand(condition, "InvalidParameter", message);
        invalid(valueAt("creationData.createOption", inputs) === "Empty", "createOption");
        if (valueAt("sku.name", inputs) === "PremiumV2_LRS") {
          // https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2
          invalid(Number.isInteger(size) && size >= 1 && size <= 65_536, `diskSizeGB ${size}`);
          invalid(inputs.zones !== undefined, "Premium SSD v2 disks are zonal");
          invalid(inputs.tier === undefined, "no tier for PremiumV2_LRS");
          const [has = 3000, moves = 125] = [iops, throughput];
          invalid(
            has >= 3000 && has <= Math.max(3000, Math.min(80_000, 500 * size)),
            `${has} IOPS for ${size} GiB`,
          );
          invalid(moves >= 125 && moves <= Math.min(2000, has / 4), `${moves} MB/s with ${has} IOPS`);
        } else {
          invalid(valueAt("sku.name", inputs) === "Premium_LRS", "sku");
          invalid(Number.isInteger(size) && size >= 1 && size <= 32_767, `diskSizeGB ${size}`);
          const free = iops === undefined && throughput === undefined;
          invalid(
            free && valueAt("creationData.logicalSectorSize", inputs) === undefined,
            "not for Premium_LRS",
          );
        }
      },
      admit(request) {
        const { cloud, scope } = request;
        demandDiskType(request, text("sku.name", request.inputs));
        const set = text("encryption.diskEncryptionSetId", request.inputs);
        const type = text("encryption.type", request.inputs);
        if (set === "") {
          demand(!type.includes("Customer"), "InvalidParameter", `${type} without a set`);
          return;
        }
        demandSameRegion(request, types.encryptionSet, set);
        // https://github.com/hashicorp/terraform-provider-azurerm/issues/10588
        const its = cloud.find(types.encryptionSet, set, scope)?.inputs ?? {};
        const wanted = text("properties.encryptionType", its);
        demand(
          type === wanted,
          "InvalidParameter",
          `Encryption type ${type} doesn't match ${wanted} of ${set}`,
        );
      },
      update({ inputs }, before) {
        const [wanted = 0, has = 0] = [inputs, before.inputs].map((it) => number("diskSizeGB", it));
        demand(
          wanted >= has,
          "ResizeDiskError",
          `Only disk size increase is allowed: from ${has} to ${wanted}`,
        );
      },
    },
  ),

  [virtualMachine]: resource(
    {
      kind: "Microsoft.Compute/virtualMachines",
      name: "vmName",
      pattern: /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/i,
    },
    {
      // https://learn.microsoft.com/rest/api/compute/virtual-machines/get never returns customData, and returns userData only on request.
      unread: ["osProfile.customData", "userData"],
      // The provider doesn't know that these can't change: https://github.com/pulumi/pulumi-azure-native/issues/577
      fixed: [
        // https://github.com/Azure/azure-sdk-for-node/issues/2297
        "osProfile.customData",
        // https://github.com/Azure/azure-sdk-for-net/issues/3433
        "osProfile.computerName",
        // https://github.com/Azure/azure-quickstart-templates/issues/4121
        "osProfile.adminUsername",
        // https://github.com/Azure/bicep/issues/15273
        "osProfile.linuxConfiguration.disablePasswordAuthentication",
        // https://github.com/Azure/azure-quickstart-templates/issues/5442
        "osProfile.linuxConfiguration.ssh",
        "storageProfile.imageReference",
        // https://github.com/Azure/azure-powershell/issues/7621
        "storageProfile.osDisk",
        "securityProfile.securityType",
        // Azure can change it only on a deallocated machine: https://learn.microsoft.com/azure/virtual-machines/linux/disks-enable-host-based-encryption-cli
        "securityProfile.encryptionAtHost",
        "zones",
      ],
      references: [
        { at: "networkProfile.networkInterfaces[*].id", to: networkInterface, exclusive: "NicInUse" },
        {
          at: "storageProfile.dataDisks[*].managedDisk.id",
          to: disk,
          exclusive: "AttachDiskWhileBeingDetached",
        },
        { at: "identity.userAssignedIdentities[*]", to: userIdentity },
        { at: "storageProfile.imageReference.id", to: types.imageVersion },
        { at: "storageProfile.osDisk.managedDisk.diskEncryptionSet.id", to: types.encryptionSet },
      ],
      check(inputs) {
        checkOperatingSystem(inputs);
        checkHardware(inputs);
      },
      admit(request) {
        const { cloud, scope, inputs } = request;
        demandImage(request, valueAt("storageProfile.imageReference", inputs) as Inputs);
        const size = text("hardwareProfile.vmSize", inputs);
        const machines = { size, zones: valuesAt("zones[*]", inputs).map(String), count: 1 };
        demandSize(request, machines);
        demandQuota(request, machines);
        if (valueAt("securityProfile.encryptionAtHost", inputs) === true) demandEncryptionAtHost(cloud, size);
        for (const attached of valuesAt("storageProfile.dataDisks[*]", inputs) as Inputs[]) {
          const id = text("managedDisk.id", attached);
          const own = cloud.find(disk, id, scope)?.inputs ?? {};
          demandSameRegion(request, disk, id);
          const [zone, other] = [inputs, own].map((it) => valueAt("zones[0]", it));
          demand(zone === other, "BadRequest", `The disk is in zone ${other}, the machine in ${zone}`);
          const uncached = valueAt("sku.name", own) !== "PremiumV2_LRS" || attached.caching === "None";
          demand(uncached, "InvalidParameter", "PremiumV2_LRS takes caching None only");
          demand(attached.createOption === "Attach", "InvalidParameter", "an existing disk is attached");
          demand(
            attached.deleteOption !== "Delete",
            "InvalidParameter",
            "the data disk would go with the machine",
          );
        }
        for (const id of valuesAt("networkProfile.networkInterfaces[*].id", inputs)) {
          demandSameRegion(request, networkInterface, String(id));
          const own = cloud.find(networkInterface, String(id), scope)?.inputs;
          // https://github.com/Azure/azure-cli/issues/12858
          demand(
            own?.enableAcceleratedNetworking !== true || isAccelerated(size),
            "VMSizeIsNotPermittedToEnableAcceleratedNetworking",
            `Virtual machine ${inputs.vmName} has size ${size}, which is not compatible with enabling accelerated networking on network interface(s) on the VM.`,
          );
          for (const address of valuesAt("ipConfigurations[*].publicIPAddress.id", own)) {
            const zones = valuesAt("zones[*]", cloud.find(publicAddress, String(address), scope)?.inputs);
            // https://github.com/Azure/azurehpc/issues/317
            demand(
              valuesAt("zones[*]", inputs).every((zone) => zones.includes(zone)),
              "BadRequest",
              `Compute resource ${inputs.vmName} has a zone constraint ${inputs.zones} but the PublicIPAddress ${address} has a different zone constraint ${zones}`,
            );
          }
        }
      },
      create: ({ inputs }) => {
        // Azure doesn't return customData.
        const { customData: _, ...osProfile } = inputs.osProfile as Inputs;
        return { id: "", outputs: { osProfile, vmId: "00000000-0000-4000-8000-000000000000" } };
      },
      delete({ inputs, name = "", scope, id }, cloud) {
        if (valueAt("storageProfile.osDisk.deleteOption", inputs) === "Delete") return;
        // By Azure's default, the system disk stays, and costs money.
        cloud.keep({
          type: disk,
          id: `${id}_OsDisk`,
          name: `${name}-left-over`,
          scope,
          inputs: {},
          outputs: {},
        });
      },
    },
  ),
};

function isAccelerated(size: string): boolean {
  return sizeNamed(size)?.capabilities.AcceleratedNetworkingEnabled === "True";
}

function demandImage(
  { cloud, inputs }: Pick<Request, "cloud" | "inputs">,
  { id, publisher, offer, sku, version }: Inputs,
): void {
  const capabilities = sizeNamed(text("hardwareProfile.vmSize", inputs))?.capabilities ?? {};
  if (id !== undefined) {
    const location = text("location", inputs);
    demand(
      isReplicated(cloud, String(id), location),
      "GalleryImageNotFound",
      `The gallery image ${id} is not available in ${location} region. Please contact image owner to replicate to this region, or change your requested region.`,
    );
    demandDefinition(definitionOf(cloud, String(id))?.inputs ?? {}, inputs, capabilities);
    return;
  }
  demand(
    publisher === "Debian" && offer === "debian-13" && isDebian(cloud, String(version)),
    "PlatformImageNotFound",
    `The platform image '${publisher}:${offer}:${sku}:${version}' is not available.`,
  );
  demandDefinition(debianImage(cloud, String(sku), String(version)), inputs, capabilities);
}

function checkOperatingSystem(inputs: Inputs): void {
  const invalid = (condition: unknown, message: string) => demand(condition, "InvalidParameter", message);
  const profile = (inputs.osProfile ?? {}) as Inputs;
  const problem = userDataProblem(text("customData", profile), 65_535);
  invalid(problem === undefined, `customData: ${problem}`);
  // userData can change at any time: https://learn.microsoft.com/azure/virtual-machines/user-data
  const userData = text("userData", inputs);
  invalid(isBase64(userData), "userData is not base64");
  invalid(userData.length <= 65_536, `userData has ${userData.length} characters and 65536 are allowed`);
  invalid(/^(?!\d+$)[a-z0-9][a-z0-9-]{0,62}$/i.test(text("computerName", profile)), "computerName");
  const user = text("adminUsername", profile);
  invalid(/^[a-z_][a-z0-9_-]{0,63}$/.test(user) && !refusedUsers.includes(user), `adminUsername ${user}`);
  const linux = (profile.linuxConfiguration ?? {}) as Inputs;
  invalid(linux.disablePasswordAuthentication === true && profile.adminPassword === undefined, "a password");
  const [key] = valuesAt("ssh.publicKeys[*]", linux) as Inputs[];
  invalid(key?.path === `/home/${user}/.ssh/authorized_keys`, `the path of the key: ${key?.path}`);
  invalid(
    /^(?:ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{20,}={0,2}(?: \S+)?$/.test(String(key?.keyData)),
    "the SSH key",
  );
}

function checkHardware(inputs: Inputs): void {
  const invalid = (condition: unknown, message: string) => demand(condition, "InvalidParameter", message);
  const size = text("hardwareProfile.vmSize", inputs);
  const capabilities = sizeNamed(size)?.capabilities;
  invalid(capabilities, `The value ${size} provided for the VM size is not valid.`);
  const generation2 = capabilities?.HyperVGenerations?.split(",").includes("V2");
  // https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/cannot-create-vm-with-generation2-image
  invalid(generation2, `The selected VM size '${size}' cannot boot Hypervisor Generation '2'.`);
  const image = valueAt("storageProfile.imageReference", inputs) as Inputs;
  if (image.id === undefined) {
    const { sku } = image;
    const fitting = capabilities?.CpuArchitectureType === "Arm64" ? "13-arm64" : "13-gen2";
    invalid(sku === fitting, `The VM size '${size}' cannot boot with image ${sku}`);
  }
  const isTrusted = valueAt("securityProfile.securityType", inputs) === "TrustedLaunch";
  invalid(!isTrusted || capabilities?.TrustedLaunchDisabled !== "True", `${size} has no Trusted Launch`);
  const storage = text("storageProfile.osDisk.managedDisk.storageAccountType", inputs);
  invalid(storage !== "Premium_LRS" || capabilities?.PremiumIO === "True", `${size} takes no premium disks`);
  invalid(storage !== "PremiumV2_LRS", "Premium SSD v2 is for data disks only");
}
