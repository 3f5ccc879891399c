import pMap from "p-map";
import { referenceText } from "../../components/config/image-reference.ts";
import { type Prefetch, plainPlatform } from "../../components/config/prefetch.ts";
import type { Descriptor, Registry, WantedImage } from "./registry.ts";

export interface Warmed {
  /** With its tag, if the request was a pattern. */
  readonly image: string;
  /** Total size of the image's blobs. */
  readonly bytes: number;
  readonly blobs: number;
  /** Number of blobs that the cache didn't have, without those of earlier images. Undefined in a dry run. */
  readonly fetched?: number;
  /** In a dry run: blobs that the cache doesn't have. Undefined if the cache can't tell without fetching them. */
  readonly missing?: readonly Descriptor[];
  /** Why a part of the image is missing. */
  readonly problem?: string;
}

export interface WarmOptions {
  readonly platforms: Prefetch["platforms"];
  /** Only report what is missing. The cache fetches no blob. */
  readonly dryRun: boolean;
}

/** Number of blobs of one image that are requested in parallel. */
const blobsAtOnce = 4;

/** For example `2 missing (1.0 MB)`. */
function missingText(blobs: readonly Descriptor[]): string {
  return `${blobs.length} missing (${megabytes(blobs.reduce((sum, { size }) => sum + size, 0))})`;
}

/** Why an image isn't complete in the cache. @returns undefined if it is */
export function problemOf({ missing, problem }: Warmed): string | undefined {
  return problem ?? (missing?.length ? missingText(missing) : undefined);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Makes one cache fetch what it lacks of the images, one image after the other. */
export async function* warm(
  registry: Registry,
  images: readonly WantedImage[],
  options: WarmOptions,
): AsyncGenerator<Warmed> {
  // Digests that the cache has, by registry, because the cache stores each registry's blobs separately.
  const done = new Map<string, Set<string>>();
  for (const image of images) {
    let references: string[];
    try {
      references = await matching(registry, image);
    } catch (error) {
      yield { image: referenceText(image), bytes: 0, blobs: 0, problem: (error as Error).message };
      continue;
    }
    const there = done.get(image.registry) ?? new Set();
    done.set(image.registry, there);
    for (const reference of references)
      yield await warmOne(registry, { ...image, reference }, options, there);
  }
}

async function matching(
  registry: Registry,
  { path, reference }: { path: string; reference: string },
): Promise<string[]> {
  if (!reference.includes("*")) return [reference];
  // A tag has no other characters with a meaning in regular expressions.
  const pattern = new RegExp(`^${reference.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  const tags = (await registry.tags(path)).filter((tag) => pattern.test(tag));
  if (tags.length === 0) throw new Error("no tag matches");
  return tags;
}

async function warmOne(
  registry: Registry,
  image: WantedImage,
  { platforms, dryRun }: WarmOptions,
  done: Set<string>,
): Promise<Warmed> {
  const { path, reference } = image;
  let blobs: Descriptor[] = [];
  let fetched = 0;
  let missing: Descriptor[] | undefined;
  const all = () => ({
    image: referenceText(image),
    blobs: blobs.length,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
    ...(!dryRun && { fetched }),
    ...(missing && { missing }),
  });
  try {
    blobs = await blobsOf(registry, path, await registry.digest(path, reference), platforms);
    const unsure = blobs.filter(({ digest }) => !done.has(digest));
    if (dryRun) {
      if (await registry.onlyCached.isUnderstood(path)) missing = await absent(registry, path, unsure, done);
    } else {
      await pMap(
        unsure,
        async ({ digest }) => {
          if (!(await registry.hasBlob(path, digest))) {
            fetched += 1;
            if (!(await registry.hasBlob(path, digest)))
              throw new Error(`${digest} isn't kept: is the disk full?`);
          }
          done.add(digest);
        },
        { concurrency: blobsAtOnce },
      );
    }
    return all();
  } catch (error) {
    return { ...all(), problem: (error as Error).message };
  }
}

/** @param done digests that the cache has are added to it */
async function absent(
  registry: Registry,
  path: string,
  blobs: readonly Descriptor[],
  done: Set<string>,
): Promise<Descriptor[]> {
  const found = await pMap(
    blobs,
    async (blob) => {
      if (!(await registry.onlyCached.hasBlob(path, blob.digest))) return [blob];
      done.add(blob.digest);
      return [];
    },
    { concurrency: blobsAtOnce },
  );
  return found.flat();
}

/** Returns each blob once. */
async function blobsOf(
  registry: Registry,
  path: string,
  digest: string,
  platforms: WarmOptions["platforms"],
): Promise<Descriptor[]> {
  const { manifests, config, layers } = await registry.manifest(path, digest);
  const wanted = manifests.filter(({ platform }) => isWanted(platform, platforms));
  if (manifests.length > 0 && wanted.length === 0) throw new Error(`has none of the platforms ${platforms}`);
  const below = await Promise.all(wanted.map((it) => blobsOf(registry, path, it.digest, platforms)));
  // Clients download a layer with its own URLs from there, not from the registry.
  const own = layers.filter(({ urls }) => !urls?.length);
  const blobs = [...(config ? [config] : []), ...own, ...below.flat()];
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** `linux/arm64` also matches its variants. */
function isWanted(platform: Descriptor["platform"], wanted: WarmOptions["platforms"]): boolean {
  if (!platform || wanted === "all") return true;
  const { os, architecture, variant } = platform;
  const name = [os, architecture].join("/");
  return wanted.map(plainPlatform).some((one) => one === name || one === `${name}/${variant}`);
}
