import type { Architecture } from "../../capacity/machine.ts";
import { script } from "../../pod/script.ts";
import { quoted } from "../../pod/shell-word.ts";
import { basePackages, packagesScript } from "./user-data.ts";

export interface BaseImageOptions {
  readonly architecture: Architecture;
  /** What the machine does at its first boot before the cache starts: as renderUserData() takes it. */
  readonly prepare: readonly (readonly string[])[];
  /** Image references of the Pod. */
  readonly images: readonly string[];
}

/**
 * A shell script that makes the base of a machine of an instance of Debian's cloud image: with the packages of the user data and the images of the Pod, and without what makes
 * an instance one of its own. A machine from an image of it needs no mirror and no registry at its first boot.
 */
export function renderBaseImage({ architecture, prepare, images }: BaseImageOptions): string {
  const commands = [
    ["sh", "-c", packagesScript(), "packages.sh", ...basePackages],
    ...prepare,
    ...images.map((image) => ["podman", "pull", "--quiet", image]),
  ];
  return script(import.meta.url, "base-image.sh")
    .replaceAll("@ARCHITECTURE@", architecture)
    .replace("@INSTALL@", () => commands.map((command) => command.map(shellWord).join(" ")).join("\n"));
}

/** In quotes only where it needs them: people read this script. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word);
}
