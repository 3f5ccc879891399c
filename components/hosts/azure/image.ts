import type { input } from "@pulumi/azure-native/types/index.js";
import type { Architecture } from "../../capacity/machine.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { reasonOf } from "../look-up.ts";
import { keptImage } from "../vm/image.ts";
import { getFromArm } from "./arm.ts";
import {
  definitionShortcomings,
  type ImageDefinition,
  type ImageVersion,
  type MadeFromImage,
  replicationShortcoming,
} from "./gallery.ts";
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
 * That the image which the machine is made of is still there, in its region, and can be used for it: publishers withdraw old versions, and a replacement deletes the old
 * machine first. https://aka.ms/DeprecatedImagesFAQ
 */
export async function findImage(question: Question<AzureVmRegion>, machine: MadeFromImage): Promise<void> {
  const { region, lookUp, options } = question;
  const { architecture } = machine;
  const { image: pinned } = region.machine;
  const kept = pinned === undefined ? await keptImage(region.name, architecture) : undefined;
  const image = pinned ?? kept ?? newestImage;
  try {
    if (image.startsWith("/")) {
      const [definition, version] = await Promise.all([
        getFromArm<ImageDefinition>(definitionPath(image), options),
        getFromArm<ImageVersion>(`${image}?${galleryVersion}&$expand=ReplicationStatus`, options),
      ]);
      const replication = replicationShortcoming(version, region.name);
      if (replication) lookUp.refuse(path, `${image} ${replication.what}: ${replication.wayOut}`);
      for (const shortcoming of definitionShortcomings(definition, machine))
        lookUp.refuse(path, `${image} ${shortcoming}: name another image (docs/images.md#base-images)`);
      return;
    }
    const { properties } = await getFromArm<DebianImage>(debianPath(image, question, architecture), options);
    if (properties?.imageDeprecationStatus?.imageState === "Deprecated")
      refuse("Azure makes no machines from it any more");
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

const galleryVersion = "api-version=2023-07-03";

function definitionPath(version: string): string {
  return `${version.replace(/\/versions\/[^/]+$/i, "")}?${galleryVersion}`;
}

/** https://learn.microsoft.com/rest/api/compute/virtual-machine-images/get */
interface DebianImage {
  readonly properties?: { readonly imageDeprecationStatus?: { readonly imageState?: string } };
}

function debianPath(
  version: string,
  { subscription, region }: Question<AzureVmRegion>,
  architecture: Architecture,
): string {
  const { publisher, offer } = debian;
  return `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${region.name}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${imageSku[architecture]}/versions/${version}?api-version=2024-07-01`;
}
