/** Small images for several platforms, and an assertion that a cache has all of them. */
import assert from "node:assert/strict";
import { tarOf } from "../../scripts/seed/archive.ts";
import { type Content, type Digest, image, index, type Platform } from "../../scripts/seed/content.ts";
import { asked, type Chain, registryName } from "./chain.ts";
import { download } from "./http.ts";

/** A small image for two platforms. All these images share a layer. */
export async function smallImage(name: string, tags: readonly string[]): Promise<Content> {
  const repository = `giantswarm/${name}`;
  const layer = async (text: string) => {
    const tar = await tarOf([{ path: "text", mode: 0o644, bytes: Buffer.from(text) }]);
    return { tar, level: 6 };
  };
  const images = await Promise.all(
    (["amd64", "arm64"] as const).map(async (architecture) => {
      const platform: Platform = { os: "linux", architecture };
      const layers = [await layer("shared"), await layer(`${name} on ${architecture}`)];
      return { platform, image: image({ repository, tags: [], platform, layers, run: {} }) };
    }),
  );
  return index({ repository, tags, images });
}

/** Asserts that a client gets the tag, its manifest, and everything below. */
export async function assertServed({ cache }: Pick<Chain, "cache">, content: Content): Promise<void> {
  const ask = async (rest: string, digest: Digest) => {
    const url = new URL(`/v2/${content.repository}/${rest}?ns=${registryName}`, cache.url);
    const answer = await download(url, { ca: cache.ca });
    assert.deepEqual([answer.status, answer.digest], [200, digest], url.pathname);
  };
  for (const reference of [...content.tags, content.manifest.digest])
    await ask(`manifests/${reference}`, content.manifest.digest);
  for (const { digest } of content.blobs) await ask(`blobs/${digest}`, digest);
  for (const child of content.children) await assertServed({ cache }, child);
}

/** Digests of the blobs that the upstream served. */
export function fetchedBlobs({ proxy }: Chain): string[] {
  return asked(proxy).flatMap((request) => /^GET .*\/blobs\/(sha256:\w+)$/.exec(request)?.[1] ?? []);
}
