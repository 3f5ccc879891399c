import type { Architecture } from "../../capacity/machine.ts";
import { script } from "../../shell/script.ts";
import { quoted } from "../../shell/word.ts";
import { basePackages, packagesScript } from "./user-data.ts";

export interface BaseImageOptions {
  readonly architecture: Architecture;
  /** Commands of the first boot, before the cache starts: as for renderUserData(). */
  readonly prepare: readonly (readonly string[])[];
  /** References of the Pod's images. */
  readonly images: readonly string[];
}

/**
 * Renders a shell script that turns an instance of Debian's cloud image into the source of a base image. The script installs the user data's packages, pulls the Pod's images, and
 * removes the instance's identity. A machine that boots from the base image needs no package mirror and no registry at its first boot.
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

/** Adds quotes only where the shell needs them, because people read this script. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word);
}
