import { baseImageNames, type Images, imageOf } from "../../components/config/images.ts";
import type { RunningPod, Versions } from "./fleet.ts";

/** Versions of the images that every Pod has, and of those that the configuration names. */
export function versionsOf(images: Partial<Images>): Versions {
  const names = new Set([...baseImageNames, ...(Object.keys(images) as (keyof Images)[])]);
  return Object.fromEntries([...names].map((name) => [name, versionOf(imageOf({ images }, name))]));
}

/** The tag, or else the start of the digest: `registry.example.com:5000/team/nginx:1.31@sha256:…` */
function versionOf(image: string): string {
  const [, tag, digest] = /^[^@]*?(?::([^:/@]+))?(?:@sha256:(.{8}).*)?$/.exec(image) ?? [];
  return tag ?? digest ?? "latest";
}

const pinned = versionsOf({});

/** The versions that differ from the pinned ones. The running Pod may not be the configuration's. */
export function versionsCell(versions: Versions | undefined, { wanted, applied }: RunningPod = {}): string {
  if (!versions) return "";
  const own = Object.entries(versions).filter(([name, version]) => pinned[name] !== version);
  const told = enumerated(own) || "pinned";
  const isOther = wanted !== undefined && applied !== undefined && !wanted.startsWith(applied);
  return isOther ? `${told}, not running yet` : told;
}

/** A sentence for the legend below the table. */
export const pinnedVersions = `pinned: ${enumerated(Object.entries(pinned))}.`;

function enumerated(versions: readonly (readonly [name: string, version: string])[]): string {
  return versions.map(([name, version]) => `${name} ${version}`).join(", ");
}
