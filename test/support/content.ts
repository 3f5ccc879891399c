/** The content that a client must have after a pull, and the content that it has. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Content, type Digest, sha256 } from "../../scripts/seed/content.ts";

/** Digests of all content of an image or index, each once. */
export function digestsOf({ manifest, blobs, children }: Content): Set<Digest> {
  const own = [manifest, ...blobs].map(({ digest }) => digest);
  return new Set([...own, ...children.flatMap((child) => [...digestsOf(child)])]);
}

/** Digests of everything in an OCI layout, computed from the files. Throws when a file doesn't match its name. */
export async function layoutContent(layoutDir: string): Promise<Set<Digest>> {
  const blobs = join(layoutDir, "blobs/sha256");
  const digests = (await readdir(blobs)).map(async (name) => {
    const digest = sha256(await readFile(join(blobs, name)));
    if (digest !== `sha256:${name}`) throw new Error(`${name} has the content of ${digest}`);
    return digest;
  });
  return new Set(await Promise.all(digests));
}
