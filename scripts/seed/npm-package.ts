/** Fetches published npm packages as archives, without installing them. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity as `npm view NAME dist.integrity` prints it. */
  readonly integrity: `sha512-${string}`;
}

function matches(bytes: Uint8Array, { integrity }: NpmPackage): boolean {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}` === integrity;
}

/**
 * Returns the package's `.tgz`, from the user's cache if it's there and intact.
 * Throws when npm can't fetch it, or when what it fetched isn't the pinned archive.
 */
export async function packageArchive(wanted: NpmPackage): Promise<Uint8Array> {
  const dir = join(cacheDirectory(), "seed");
  const path = join(dir, `${wanted.name.replace("/", "-").replace("@", "")}-${wanted.version}.tgz`);
  const cached = await readFile(path).catch(() => undefined);
  if (cached && matches(cached, wanted)) return cached;

  await mkdir(dir, { recursive: true });
  // npm names the file itself: pack into a directory of its own, so that two runs can't meet.
  const packDir = await mkdtemp(join(dir, "pack-"));
  try {
    const spec = `${wanted.name}@${wanted.version}`;
    const { stdout } = await execa("npm", ["pack", spec, "--pack-destination", packDir, "--silent"]);
    const packed = join(packDir, stdout.trim());
    const bytes = await readFile(packed);
    if (!matches(bytes, wanted)) throw new Error(`${spec} isn't the archive that is pinned`);
    await rename(packed, path);
    return bytes;
  } finally {
    await rm(packDir, { recursive: true, force: true });
  }
}
