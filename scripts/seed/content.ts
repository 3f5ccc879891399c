/**
 * OCI content in memory: manifests and their blobs, ready to be pushed.
 *
 * Everything here is deterministic: the same input gives the same bytes, and so the same digests.
 * Formats: https://github.com/opencontainers/image-spec (manifest.md, image-index.md, config.md).
 */
import { createHash } from "node:crypto";
import { gzip, type Layer } from "./archive.ts";

export type Digest = `sha256:${string}`;

/** Bytes and the fields of their descriptor. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Length in bytes. */
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly annotations?: Record<string, string>;
}

export interface Platform {
  readonly os: "linux";
  readonly architecture: "amd64" | "arm64";
}

/** A manifest and everything that the registry must have before it. */
export interface Content {
  /** Name in the registry, without the registry's host: `team/app`. */
  readonly repository: string;
  /** Empty for a manifest that is reached only through an index. */
  readonly tags: readonly string[];
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
  /** The manifests that an index lists. */
  readonly children: readonly Content[];
}

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  imageConfig: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blob(
  mediaType: string,
  bytes: Uint8Array<ArrayBuffer>,
  annotations?: Record<string, string>,
): Blob {
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length, bytes };
  return annotations ? { ...descriptor, annotations } : descriptor;
}

export function jsonBlob(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

/** A blob's descriptor, as a manifest contains it. */
function descriptor({ mediaType, digest, size, annotations }: Blob) {
  return { mediaType, digest, size, ...(annotations && { annotations }) };
}

/** Where content is published: see {@link Content}. */
type Place = Pick<Content, "repository" | "tags">;

/**
 * A manifest with a configuration and with layers of any media type. With `artifactType`, it is an OCI artifact.
 * @param args `config`: @default the empty configuration, which the image specification defines for artifacts
 */
export function artifact({
  config = jsonBlob(mediaTypes.empty, {}),
  layers,
  artifactType,
  ...place
}: Place & { config?: Blob; layers: readonly Blob[]; artifactType?: string }): Content {
  const manifest = jsonBlob(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    ...(artifactType && { artifactType }),
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { ...place, manifest, blobs: [config, ...layers], children: [] };
}

/** A container image for one platform. @param args `run`: the run-time settings of the image configuration */
export function image({
  platform: { architecture, os },
  layers,
  run,
  ...place
}: Place & {
  platform: Platform;
  layers: readonly Layer[];
  run: { Entrypoint?: string[]; Cmd?: string[]; User?: string; WorkingDir?: string };
}): Content {
  const config = jsonBlob(mediaTypes.imageConfig, {
    architecture,
    os,
    config: run,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => sha256(layer.tar)) },
  });
  const blobs = layers.map((layer) => blob(mediaTypes.layer, gzip(layer)));
  return artifact({ ...place, config, layers: blobs });
}

/** An index: one name for the same image on several platforms. */
export function index({
  images,
  ...place
}: Place & { images: readonly { platform: Platform; image: Content }[] }): Content {
  const manifest = jsonBlob(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map(({ platform, image }) => ({ ...descriptor(image.manifest), platform })),
  });
  return { ...place, manifest, blobs: [], children: images.map(({ image }) => image) };
}
