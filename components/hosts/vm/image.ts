import * as pulumi from "@pulumi/pulumi";
import type { Architecture } from "../../capacity/machine.ts";
import { previousResource } from "../previous-outputs.ts";

export interface ImageChoice {
  /** The image of the configuration. @default the one that the cache keeps: see {@link stableImage} */
  readonly pinned?: string | undefined;
  /** The newest image, or the one that this version of the project was built with. */
  readonly newest: string;
  readonly architecture: Architecture;
}

/**
 * The image of a machine. Without a pinned image, the cache keeps the image that was the newest at its creation, because another image replaces the machine and
 * security upgrades install themselves. To take a newer image, set `machine.image`, run `pulumi up --replace` on the stash, or change the architecture.
 */
export function stableImage(
  name: string,
  { pinned, newest, architecture }: ImageChoice,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if (pinned !== undefined) return pinned;
  const stash = new pulumi.Stash(
    stashOf(name, architecture),
    { input: newest },
    { ...options, ignoreChanges: ["input"] },
  );
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
