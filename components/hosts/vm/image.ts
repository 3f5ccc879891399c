import * as pulumi from "@pulumi/pulumi";
import type { Architecture } from "../../capacity/machine.ts";
import type { VmRegion } from "../../config/schema.ts";
import { previousResource } from "../previous-outputs.ts";

/**
 * The image of a machine. Without a pinned image, the cache keeps the image that was the newest at its creation, because another image replaces the machine and
 * security upgrades install themselves. To take a newer image, set `machine.image`, run `pulumi up --replace` on the stash, or change the architecture.
 * @param newest the newest image, or the one that this version of the project was built with
 */
export function stableImage(
  { name, machine }: Pick<VmRegion, "name"> & { readonly machine: { readonly image?: string } },
  newest: string,
  architecture: Architecture,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if (machine.image !== undefined) return machine.image;
  const own = { ...options, ignoreChanges: ["input"] };
  const stash = new pulumi.Stash(stashOf(name, architecture), { input: newest }, own);
  return stash.output as pulumi.Output<string>;
}

/**
 * The image that {@link stableImage} keeps for a region's machine, from the state of the last update.
 * @returns undefined if there is none
 */
export async function keptImage(region: string, architecture: Architecture): Promise<string | undefined> {
  const name = stashOf(region, architecture);
  return (await previousResource<{ output: string }>("pulumi:index:Stash", name))?.output;
}

function stashOf(name: string, architecture: Architecture): string {
  return `${name}-image-${architecture}`;
}
