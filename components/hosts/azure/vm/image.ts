import type { input } from "@pulumi/azure-native/types/index.js";
import type { Architecture } from "../../../capacity/machine.ts";
import { reasonOf } from "../../look-up.ts";
import { keptImage } from "../../vm/image.ts";
import { getFromArm } from "../arm.ts";
import type { Question } from "../question.ts";
import { processors } from "../sizes.ts";
import type { AzureVmPlan } from "./plan.ts";

/**
 * Debian 13 of 2026-09-14: `az vm image list --publisher Debian --offer debian-13 --all`. It isn't `latest`, so that the machine's version is known. The image needs no plan and no terms:
 * https://wiki.debian.org/Cloud/MicrosoftAzure
 */
export const newestImage = "0.20260914.2601";
const debian = { publisher: "Debian", offer: "debian-13" };
const imageSku: Record<Architecture, string> = { arm64: "13-arm64", amd64: "13-gen2" };

/** @param image a version of Debian's image, or the resource id of another image */
export function imageReference(image: string, architecture: Architecture): input.compute.ImageReferenceArgs {
  if (image.startsWith("/")) return { id: image };
  return { ...debian, sku: imageSku[architecture], version: image };
}

const path = "machine.image";

/**
 * Checks that the machine's image still exists in the region and fits the machine. Publishers withdraw old versions, and a replacement deletes the old
 * machine before it creates the new one. https://aka.ms/DeprecatedImagesFAQ
 * @returns the image, in the form for {@link imageReference}
 */
export async function findImage(question: Question<AzureVmPlan>, machine: MadeFromImage): Promise<string> {
  const { region } = question;
  const { image: pinned } = region.machine;
  const kept = pinned === undefined ? await keptImage(region.name, machine.architecture) : undefined;
  const image = pinned ?? kept ?? newestImage;
  await checkImage(question, machine, { image, isKept: kept !== undefined });
  return image;
}

async function checkImage(
  question: Question,
  machine: MadeFromImage,
  { image, isKept }: { readonly image: string; readonly isKept: boolean },
): Promise<void> {
  const { region, lookUp, options } = question;
  const { architecture } = machine;
  const what = isKept ? `the machine was made from ${image}, which` : image;
  try {
    if (image.startsWith("/")) {
      const ofDefinition = image.replace(/\/versions\/[^/]+$/i, "");
      const [definition, version] = await Promise.all([
        getFromArm<ImageDefinition>(`${ofDefinition}?${galleryVersion}`, options),
        getFromArm<ImageVersion>(`${image}?${galleryVersion}&$expand=ReplicationStatus`, options),
      ]);
      const replication = replicationShortcoming(version, region.name);
      if (replication) lookUp.refuse(path, `${image} ${replication}`);
      // Without a feature for it, a definition is for SCSI.
      for (const shortcoming of shortcomingsOf({ features: [], ...definition.properties }, machine))
        lookUp.refuse(path, `${image} ${shortcoming}: name another image (docs/images.md#base-images)`);
      return;
    }
    const { properties = {} } = await getFromArm<DebianImage>(
      debianPath(image, question, architecture),
      options,
    );
    if (properties.imageDeprecationStatus?.imageState === "Deprecated")
      refuse("Azure no longer creates machines from it");
    for (const shortcoming of shortcomingsOf(properties, machine))
      lookUp.refuse(
        path,
        `${what} ${shortcoming}: set another \`machine.type\`, or name a base image (docs/images.md#base-images)`,
      );
  } catch (error) {
    const reason = reasonOf(error as Error);
    // For Debian's images: `NotFound: Artifact: VMImage was not found.` For images in a gallery: `ResourceNotFound`.
    if (/NotFound/.test(reason)) refuse(reason);
    else lookUp.warn(path, `Azure doesn't say whether it has the image ${image}: ${reason}`);
  }

  function refuse(reason: string): void {
    const list = `az vm image list --location ${region.name} --publisher ${debian.publisher} --offer ${debian.offer} --sku ${imageSku[architecture]} --all --output table`;
    const wayOut = `Set \`machine: { image: … }\` to another version: it replaces the machine, and the disk stays. \`${list}\` lists them`;
    lookUp.refuse(path, `${what} can't be used any more: ${reason.replace(/\.$/, "")}. ${wayOut}`);
  }
}

const galleryVersion = "api-version=2023-07-03";

/** https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get */
interface DebianImage {
  readonly properties?: ImageProperties & {
    readonly imageDeprecationStatus?: { readonly imageState?: string };
  };
}

function debianPath(version: string, { subscription, region }: Question, architecture: Architecture): string {
  const { publisher, offer } = debian;
  return `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${region.name}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${imageSku[architecture]}/versions/${version}?api-version=2024-07-01`;
}

/** An image definition in a Compute Gallery: https://learn.microsoft.com/rest/api/compute/gallery-images/get */
interface ImageDefinition {
  readonly properties?: ImageProperties;
}

interface ImageProperties {
  readonly osState?: string;
  readonly hyperVGeneration?: string;
  readonly architecture?: string;
  readonly features?: readonly { readonly name: string; readonly value: string }[];
}

/** https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get */
interface ImageVersion {
  readonly properties?: {
    readonly publishingProfile?: { readonly targetRegions?: readonly { readonly name: string }[] };
    /** Returned with `$expand=ReplicationStatus`. */
    readonly replicationStatus?: {
      readonly summary?: readonly { readonly region: string; readonly state: string }[];
    };
  };
}

interface MadeFromImage {
  readonly architecture: Architecture;
  /** Whether the machine has Trusted Launch. */
  readonly isTrusted: boolean;
  /** Disk controllers of the machine's size, from Azure's list: `SCSI, NVMe`. */
  readonly diskControllers?: string | undefined;
}

/** Security types of image definitions that support machines with Trusted Launch. */
const trusted = ["TrustedLaunch", "TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"];

/**
 * Why the stack's machine can't be created from an image: predicates of a sentence. Properties that Azure doesn't return aren't checked.
 * https://learn.microsoft.com/azure/virtual-machines/trusted-launch-portal#trusted-launch-vm-supported-images
 */
function shortcomingsOf(
  { osState, hyperVGeneration, architecture, features }: ImageProperties,
  machine: MadeFromImage,
): string[] {
  const feature = (wanted: string) => features?.find(({ name }) => name === wanted)?.value;
  const securityType = feature("SecurityType");
  const { diskControllers = "SCSI" } = machine;
  const controllers = list(features ? (feature("DiskControllerTypes") ?? "SCSI") : diskControllers);
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

/** Why an image version can't be used in a region: the predicate of a sentence, with what the user can do. */
function replicationShortcoming(
  { properties: { publishingProfile, replicationStatus } = {} }: ImageVersion,
  region: string,
): string | undefined {
  const regions = publishingProfile?.targetRegions?.map(({ name }) => name);
  if (regions?.some((name) => programmatic(name) === region) === false)
    return `isn't replicated to ${region}, only to ${regions.join(", ")}: replicate it, or name another image`;
  const state = replicationStatus?.summary?.find((it) => programmatic(it.region) === region)?.state;
  if (state === "Replicating") return `is still being replicated to ${region}: try again when that is done`;
  if (state === "Failed")
    return `couldn't be replicated to ${region}: replicate it again, or name another image`;
  return undefined;
}

/** `West Europe` is `westeurope`. */
function programmatic(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}
