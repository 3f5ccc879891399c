import { createHash } from "node:crypto";
import type { Tags } from "../config/tags.ts";

/** What tells the resources of one cache from those of all others in an account or subscription. */
export interface CacheIdentity {
  /** The Pulumi stack's name, without organization. */
  readonly stack: string;
  /** As the cloud's API writes it: `eu-central-1`, `westeurope` */
  readonly region: string;
}

export const project = "registry-cache";

/** Tags of everything in a stack. @param asked what the configuration asks for beside the project's own */
export function stackTags(stack: string, asked: Tags = {}): Record<string, string> {
  return { ...asked, project, stack, "managed-by": "pulumi" };
}

/** Whether the configuration asks for tags beside the project's own. */
export function isTagged({
  governance,
}: {
  readonly governance?: { readonly tags?: Tags } | undefined;
}): boolean {
  return Object.keys(governance?.tags ?? {}).length > 0;
}

/** A name that is too long ends in a hash of all of it. */
export function capped(name: string, longest: number): string {
  return name.length <= longest ? name : `${name.slice(0, longest - 13)}-${sha256(name).slice(0, 12)}`;
}

/** Hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
