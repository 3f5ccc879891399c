import * as pulumi from "@pulumi/pulumi";
import type { Architecture } from "../../capacity/machine.ts";
import { previousOutputs } from "../previous-outputs.ts";

export interface ImageChoice {
  /** The one of the configuration. @default none, which leaves it to what is found */
  readonly pinned?: string | undefined;
  /** The newest, or the one that this version of the project was made with. */
  readonly newest: string;
  readonly architecture: Architecture;
}

/**
 * The image of a machine. Without a pinned one, that is the newest when the cache is made, and the same from then on, whatever is published: another image is
 * another machine, and security upgrades install themselves. A new one is taken on purpose: by `machine.image`, by `pulumi up --replace` of the stash, and by a
 * change of architecture.
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
 * The image that {@link stableImage} keeps for a region's machine, as the last update left it.
 * @returns undefined where there is none.
 */
export async function keptImage(region: string, architecture: Architecture): Promise<string | undefined> {
  const stashes = await previousOutputs<{ output: string }>("pulumi:index:Stash");
  return stashes.get(stashOf(region, architecture))?.output;
}

function stashOf(name: string, architecture: Architecture): string {
  return `${name}-image-${architecture}`;
}
