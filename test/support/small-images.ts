/** Small images of several platforms, and whether a cache has all of them. */
import assert from "node:assert/strict";
import { tarOf } from "../../scripts/seed/archive.ts";
import { type Content, type Digest, image, index, type Platform } from "../../scripts/seed/content.ts";
import { asked, type Chain, registryName } from "./chain.ts";
import { download } from "./http.ts";

/** Small, for two platforms, with a layer that all images share. */
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

/** As a client gets it: with the tag, what it stands for, and all below. */
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

/** Blobs that came from the upstream. */
export function fetchedBlobs({ proxy }: Chain): string[] {
  return asked(proxy).flatMap((request) => /^GET .*\/blobs\/(sha256:\w+)$/.exec(request)?.[1] ?? []);
}
