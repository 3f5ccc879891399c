/** An image in a Compute Gallery: https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries */
import type { Architecture } from "../../capacity/machine.ts";

/** https://learn.microsoft.com/rest/api/compute/gallery-images/get */
export interface ImageDefinition {
  readonly properties?: {
    readonly osState?: string;
    readonly hyperVGeneration?: string;
    readonly architecture?: string;
    readonly features?: readonly { readonly name: string; readonly value: string }[];
  };
}

/** https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get */
export interface ImageVersion {
  readonly properties?: {
    readonly publishingProfile?: { readonly targetRegions?: readonly { readonly name: string }[] };
    /** With `$expand=ReplicationStatus`. */
    readonly replicationStatus?: {
      readonly summary?: readonly { readonly region: string; readonly state: string }[];
    };
  };
}

export interface MadeFromImage {
  readonly architecture: Architecture;
  /** Whether the machine has Trusted Launch. */
  readonly isTrusted: boolean;
  /** What Azure lists of its size: `SCSI, NVMe`. */
  readonly diskControllers?: string | undefined;
}

const processors: Readonly<Record<Architecture, string>> = { arm64: "Arm64", amd64: "x64" };

/** Of definitions, those that a machine with Trusted Launch can be made from. */
const trusted = ["TrustedLaunch", "TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"];

/**
 * Why no machine of the stack can be made from images of a definition: predicates of a sentence. What Azure doesn't say of it is left to Azure.
 * https://learn.microsoft.com/azure/virtual-machines/trusted-launch-portal#trusted-launch-vm-supported-images
 */
export function definitionShortcomings(
  { properties: { osState, hyperVGeneration, architecture, features = [] } = {} }: ImageDefinition,
  machine: MadeFromImage,
): string[] {
  const feature = (wanted: string) => features.find(({ name }) => name === wanted)?.value;
  const securityType = feature("SecurityType");
  const controllers = list(feature("DiskControllerTypes") ?? "SCSI");
  const { diskControllers = "SCSI" } = machine;
  const lacksTrust = machine.isTrusted && securityType !== undefined && !trusted.includes(securityType);
  return [
    ...(osState === "Specialized" ? ["is of a specialized machine, which takes no user data"] : []),
    ...(hyperVGeneration === "V1" ? ["is of generation 1, and the machine of generation 2"] : []),
    ...(architecture !== undefined && architecture !== processors[machine.architecture]
      ? [`is for ${architecture}, and the machine has ${machine.architecture}`]
      : []),
    ...(lacksTrust ? [`has the security type ${securityType}, and the machine has Trusted Launch`] : []),
    // https://github.com/skypilot-org/skypilot/issues/10375
    ...(list(diskControllers).some((it) => controllers.includes(it))
      ? []
      : [`is for disks by ${controllers.join(", ")}, and the machine's size has ${diskControllers} only`]),
    // https://github.com/hashicorp/terraform-provider-azurerm/issues/23148
    ...(!machine.isTrusted && securityType === "TrustedLaunch"
      ? ["is for machines with Trusted Launch only, which this size doesn't have"]
      : []),
  ];
}

function list(values: string): string[] {
  return values.split(/, */);
}

/** Why an image version can't be used in a region: the predicate of a sentence, and the way out. */
export function replicationShortcoming(
  { properties: { publishingProfile, replicationStatus } = {} }: ImageVersion,
  region: string,
): { readonly what: string; readonly wayOut: string } | undefined {
  const regions = publishingProfile?.targetRegions?.map(({ name }) => name);
  if (regions?.some((name) => programmatic(name) === region) === false)
    return {
      what: `isn't replicated to ${region}, only to ${regions.join(", ")}`,
      wayOut: "replicate it, or name another image",
    };
  const state = replicationStatus?.summary?.find((it) => programmatic(it.region) === region)?.state;
  if (state === "Replicating")
    return { what: `is still being replicated to ${region}`, wayOut: "try again when that is done" };
  if (state === "Failed")
    return {
      what: `couldn't be replicated to ${region}`,
      wayOut: "replicate it again, or name another image",
    };
  return undefined;
}

/** `West Europe` is `westeurope`. */
function programmatic(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}
