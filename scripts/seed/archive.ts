/** Tar and gzip archives whose bytes depend only on their input: no timestamps, owners or properties of the host. */
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";

interface File {
  /** Path in the archive, without a leading slash. The path of a directory ends with a slash. */
  readonly path: string;
  readonly mode: number;
  /** @default empty */
  readonly bytes?: Uint8Array;
}

/** A tar archive and its compression level. */
export interface Layer {
  readonly tar: Uint8Array;
  /** zlib's level. Level 0 stores the bytes uncompressed, for content that doesn't compress. */
  readonly level: number;
}

export async function tarOf(files: readonly File[]): Promise<Uint8Array> {
  const pack = tar.pack();
  const bytes = buffer(pack);
  for (const { path, mode, bytes = new Uint8Array() } of files) {
    const header = { name: path, mode, mtime: new Date(0) };
    if (path.endsWith("/")) pack.entry({ ...header, type: "directory" });
    else pack.entry(header, Buffer.from(bytes));
  }
  pack.finalize();
  return bytes;
}

export function gzip(layer: Layer): Uint8Array<ArrayBuffer> {
  const bytes = gzipSync(layer.tar, { level: layer.level });
  // Node sets the time to 0 but records the operating system (RFC 1952, OS); 255 means "unknown".
  bytes[9] = 255;
  return bytes;
}
