import { createHash } from "node:crypto";
import type { stackTagNames, Tags } from "../config/tags.ts";

/** Distinguishes the resources of one cache from those of all other caches in an account or subscription. */
export interface CacheIdentity {
  /** The Pulumi stack's name, without its organization. */
  readonly stack: string;
  /** As the cloud's API spells it: `eu-central-1`, `westeurope` */
  readonly region: string;
}

export const project = "registry-cache";

/** Tags of every resource in a stack. @param asked the tags that the configuration adds to the project's own */
export function stackTags(stack: string, asked: Tags = {}): Record<string, string> {
  const own: Record<(typeof stackTagNames)[number], string> = { project, stack, "managed-by": "pulumi" };
  return { ...asked, ...own };
}

/** Whether the configuration adds tags to the project's own. */
export function isTagged({
  governance,
}: {
  readonly governance?: { readonly tags?: Tags } | undefined;
}): boolean {
  return Object.keys(governance?.tags ?? {}).length > 0;
}

/** Shortens a name that is too long. The short name ends in a hash of the full name. */
export function capped(name: string, longest: number): string {
  return name.length <= longest ? name : `${name.slice(0, longest - 13)}-${sha256(name).slice(0, 12)}`;
}

/** @returns hexadecimal */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
