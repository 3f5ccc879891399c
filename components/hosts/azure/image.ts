import type { input } from "@pulumi/azure-native/types/index.js";
import type { Architecture } from "../../capacity/machine.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { reasonOf } from "../look-up.ts";
import { keptImage } from "../vm/image.ts";
import { getFromArm } from "./arm.ts";
import type { Question } from "./question.ts";

/**
 * Debian 13, of 2026-09-14: `az vm image list --publisher Debian --offer debian-13 --all`. `latest` would hide which one a machine has. No plan and no terms:
 * https://wiki.debian.org/Cloud/MicrosoftAzure
 */
export const newestImage = "0.20260914.2601";
const debian = { publisher: "Debian", offer: "debian-13" };
const imageSku: Record<Architecture, string> = { arm64: "13-arm64", amd64: "13-gen2" };

/** @param image a version of Debian's image, or the resource id of another. */
export function imageReference(image: string, architecture: Architecture): input.compute.ImageReferenceArgs {
  if (image.startsWith("/")) return { id: image };
  return { ...debian, sku: imageSku[architecture], version: image };
}

const path = "machine.image";

/**
 * That the image which the machine is made of is still there, and in its region: publishers withdraw old versions, and a replacement deletes the old machine first.
 * https://aka.ms/DeprecatedImagesFAQ
 */
export async function findImage(
  question: Question<AzureVmRegion>,
  architecture: Architecture,
): Promise<void> {
  const { region, lookUp, options } = question;
  const { image: pinned } = region.machine;
  const kept = pinned === undefined ? await keptImage(region.name, architecture) : undefined;
  const image = pinned ?? kept ?? newestImage;
  try {
    const { properties } = await getFromArm<ImageVersion>(pathOf(image, question, architecture), options);
    if (properties?.imageDeprecationStatus?.imageState === "Deprecated")
      refuse("Azure makes no machines from it any more");
    const regions = properties?.publishingProfile?.targetRegions?.map(({ name }) => name);
    if (regions?.some((name) => programmatic(name) === region.name) === false) {
      const wayOut = "replicate it, or name another image";
      lookUp.refuse(
        path,
        `${image} isn't replicated to ${region.name}, only to ${regions.join(", ")}: ${wayOut}`,
      );
    }
  } catch (error) {
    const reason = reasonOf(error as Error);
    // `NotFound: Artifact: VMImage was not found.` of Debian's images, `ResourceNotFound` of those in a gallery.
    if (/NotFound/.test(reason)) refuse(reason);
    else lookUp.warn(path, `Azure doesn't say whether it has the image ${image}: ${reason}`);
  }

  function refuse(reason: string): void {
    const what = kept === undefined ? image : `the machine was made from ${image}, which`;
    const list = `az vm image list --location ${region.name} --publisher ${debian.publisher} --offer ${debian.offer} --sku ${imageSku[architecture]} --all --output table`;
    const wayOut = `Set \`machine: { image: … }\` to another version: it replaces the machine, and the disk stays. \`${list}\` lists them`;
    lookUp.refuse(path, `${what} can't be used any more: ${reason.replace(/\.$/, "")}. ${wayOut}`);
  }
}

/** https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get */
interface ImageVersion {
  readonly properties?: {
    readonly imageDeprecationStatus?: { readonly imageState?: string };
    /** Of one in a gallery: https://learn.microsoft.com/azure/virtual-machines/azure-compute-gallery#replication */
    readonly publishingProfile?: { readonly targetRegions?: readonly { readonly name: string }[] };
  };
}

/** `West Europe` is `westeurope`. */
function programmatic(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}

/** One in a gallery has its own: https://learn.microsoft.com/rest/api/compute/gallery-image-versions/get */
function pathOf(
  image: string,
  { subscription, region }: Question<AzureVmRegion>,
  architecture: Architecture,
): string {
  if (image.startsWith("/")) return `${image}?api-version=2023-07-03`;
  const { publisher, offer } = debian;
  return `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${region.name}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${imageSku[architecture]}/versions/${image}?api-version=2024-07-01`;
}
