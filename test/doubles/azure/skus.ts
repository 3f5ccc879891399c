/** Azure's sizes of virtual machines, and their capabilities. */
import { machines } from "../../../components/capacity/machines.ts";

interface Size {
  readonly name: string;
  readonly family: string;
  readonly vCpu: number;
  readonly memoryGiB: number;
  readonly capabilities: Readonly<Record<string, string>>;
}

const listed: readonly Size[] = machines.azure.map(({ type, architecture, vCpu, memoryGiB }) => {
  const isArm = architecture === "arm64";
  const version = Number(type.at(-1));
  return {
    name: type,
    family: familyOf(type),
    vCpu,
    memoryGiB,
    capabilities: {
      PremiumIO: "True",
      AcceleratedNetworkingEnabled: "True",
      HyperVGenerations: isArm || version >= 6 ? "V2" : "V1,V2",
      CpuArchitectureType: isArm ? "Arm64" : "x64",
      EncryptionAtHostSupported: "True",
      // https://learn.microsoft.com/azure/virtual-machines/nvme-overview
      ...(!isArm && version >= 6 && { DiskControllerTypes: "NVMe" }),
      // The sizes with Ampere's Arm processors: https://learn.microsoft.com/azure/virtual-machines/trusted-launch#virtual-machines-sizes
      ...(isArm && version < 6 && { TrustedLaunchDisabled: "True" }),
    },
  };
});

/** From Azure's list: https://github.com/Azure/karpenter-provider-azure, pkg/fake/zz_generated.sku.southcentralus.go (2025-06-03). */
const unlisted: readonly Size[] = [
  {
    name: "Standard_B1s",
    family: "standardBSFamily",
    vCpu: 1,
    memoryGiB: 1,
    capabilities: {
      PremiumIO: "True",
      AcceleratedNetworkingEnabled: "False",
      HyperVGenerations: "V1,V2",
      CpuArchitectureType: "x64",
    },
  },
  ...[2, 4].map((vCpu) => ({
    name: `Standard_D${vCpu}_v3`,
    family: "standardDv3Family",
    vCpu,
    memoryGiB: 4 * vCpu,
    capabilities: {
      PremiumIO: "False",
      AcceleratedNetworkingEnabled: "True",
      HyperVGenerations: "V1",
      CpuArchitectureType: "x64",
      EncryptionAtHostSupported: "False",
    },
  })),
  {
    name: "Standard_M8-2ms",
    family: "standardMSFamily",
    vCpu: 8,
    memoryGiB: 218.75,
    capabilities: {
      PremiumIO: "True",
      AcceleratedNetworkingEnabled: "True",
      HyperVGenerations: "V1,V2",
      CpuArchitectureType: "x64",
      TrustedLaunchDisabled: "True",
    },
  },
];

export const sizes: readonly Size[] = [...listed, ...unlisted];

/** Finds a size by its name, which ignores case. */
export function sizeNamed(name: string): Size | undefined {
  return sizes.find((size) => size.name.toLowerCase() === name.toLowerCase());
}

/**
 * The family of a size. Azure spells families in several ways:
 * https://github.com/openshift/installer/blob/main/docs/user/azure/tested_instance_types_aarch64.md, and for D2as_v6 the list above.
 * `Standard_D4pls_v6` belongs to the family `StandardDplsv6Family`.
 */
function familyOf(size: string): string {
  const [, letters = "", features = "", version = ""] =
    /^Standard_([A-Z]+)\d+([a-z]*)_(v\d)$/.exec(size) ?? [];
  if (letters === "B") return "standardBpsv2Family";
  if (features === "as" && version === "v6") return "standardDav6Family";
  if (version === "v6") return `Standard${letters}${features}v6Family`;
  return `standard${letters}${features.toUpperCase()}${version}Family`;
}
