/** Images for single tests: of a given size, with many layers, or with other bytes under the same tag. */
import { createCipheriv, createHash } from "node:crypto";
import { tarOf } from "../../scripts/seed/archive.ts";
import { type Content, image, index, type Platform } from "../../scripts/seed/content.ts";

const platform: Platform = { os: "linux", architecture: "amd64" };

/** Bytes that look random and depend only on the seed: AES-CTR over zeros. */
function pseudoRandom(seed: string, length: number): Uint8Array {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** An image whose layers hold incompressible bytes. gzip stores them, so that each blob has the given size (plus 0.02 % for tar and gzip) and can be unpacked. Another `seed` for the same tag makes a moved tag. */
export async function randomImage(args: {
  repository: string;
  tag: string;
  /** @default 1 */
  layers?: number;
  /** Decimal megabytes per layer. */
  layerMB: number;
  /** Determines the bytes. @default `repository:tag`, so that two images share no blob */
  seed?: string;
}): Promise<Content> {
  const seed = args.seed ?? `${args.repository}:${args.tag}`;
  const layers = Array.from({ length: args.layers ?? 1 }, async (_, layer) => {
    const bytes = pseudoRandom(`${seed}/${layer}`, args.layerMB * 1_000_000);
    return { tar: await tarOf([{ path: `random-${layer}`, mode: 0o644, bytes }]), level: 0 };
  });
  return image({
    repository: args.repository,
    tags: [args.tag],
    platform,
    layers: await Promise.all(layers),
    run: {},
  });
}

/** An image for two platforms, each of which has a layer of its own. */
export async function randomIndex(args: {
  repository: string;
  tags: readonly string[];
  layerMB: number;
}): Promise<Content> {
  const { repository, tags, layerMB } = args;
  const variant = async (architecture: Platform["architecture"]) => {
    const seed = `${repository} on ${architecture}`;
    const content = await randomImage({ repository, tag: "", layerMB, seed });
    return { platform: { os: "linux", architecture } as const, image: { ...content, tags: [] } };
  };
  return index({ repository, tags, images: [await variant("amd64"), await variant("arm64")] });
}
