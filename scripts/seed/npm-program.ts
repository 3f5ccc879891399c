/** Extracts programs from published npm packages without installing the packages. */
import { createHash } from "node:crypto";
import { mkdir, mkdtempDisposable, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";

export interface NpmProgram {
  /** The package's name. */
  readonly name: string;
  readonly version: string;
  /** Subresource integrity as `npm view NAME dist.integrity` prints it. */
  readonly integrity: `sha512-${string}`;
  /** The program's path in the package. */
  readonly path: string;
}

/**
 * @returns the program, from the user's cache if it's there.
 * @throws Error when npm can't fetch the package, or when the fetched archive isn't the pinned one
 */
export async function npmProgram({ name, version, integrity, path }: NpmProgram): Promise<Uint8Array> {
  const dir = join(cacheDirectory(), "seed");
  const program = join(dir, `${name.replace("/", "-").replace("@", "")}-${version}`);
  const cached = await readFile(program).catch(() => undefined);
  if (cached) return cached;

  await mkdir(dir, { recursive: true });
  // npm chooses the archive's file name. A directory for each run keeps two runs apart.
  await using packDir = await mkdtempDisposable(join(dir, "pack-"));
  const spec = `${name}@${version}`;
  const { stdout } = await execa("npm", ["pack", spec, "--pack-destination", packDir.path, "--silent"]);
  const archive = join(packDir.path, stdout.trim());
  const hash = createHash("sha512").update(await readFile(archive));
  if (`sha512-${hash.digest("base64")}` !== integrity) throw new Error(`${spec} isn't the pinned archive`);
  await execa("tar", ["-xzf", archive, "-C", packDir.path, `package/${path}`]);
  await rename(join(packDir.path, "package", path), program);
  return await readFile(program);
}
