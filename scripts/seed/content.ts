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

/** A manifest with a configuration and with layers of any media type. With `artifactType`, it is an OCI artifact. */
export function artifact(args: {
  repository: string;
  tags: readonly string[];
  /** @default the empty configuration, which the image specification defines for artifacts */
  config?: Blob;
  layers: readonly Blob[];
  artifactType?: string;
}): Content {
  const config = args.config ?? jsonBlob(mediaTypes.empty, {});
  const manifest = jsonBlob(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    ...(args.artifactType && { artifactType: args.artifactType }),
    config: descriptor(config),
    layers: args.layers.map(descriptor),
  });
  return {
    repository: args.repository,
    tags: args.tags,
    manifest,
    blobs: [config, ...args.layers],
    children: [],
  };
}

/** A container image for one platform. */
export function image(args: {
  repository: string;
  tags: readonly string[];
  platform: Platform;
  layers: readonly Layer[];
  /** The run-time settings of the image configuration. */
  run: { Entrypoint?: string[]; Cmd?: string[]; User?: string; WorkingDir?: string };
}): Content {
  const config = jsonBlob(mediaTypes.imageConfig, {
    architecture: args.platform.architecture,
    os: args.platform.os,
    config: args.run,
    rootfs: { type: "layers", diff_ids: args.layers.map((layer) => sha256(layer.tar)) },
  });
  const layers = args.layers.map((layer) => blob(mediaTypes.layer, gzip(layer)));
  return artifact({ repository: args.repository, tags: args.tags, config, layers });
}

/** An index: one name for the same image on several platforms. */
export function index(args: {
  repository: string;
  tags: readonly string[];
  images: readonly { platform: Platform; image: Content }[];
}): Content {
  const manifest = jsonBlob(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: args.images.map(({ platform, image }) => ({ ...descriptor(image.manifest), platform })),
  });
  return {
    repository: args.repository,
    tags: args.tags,
    manifest,
    blobs: [],
    children: args.images.map(({ image }) => image),
  };
}
