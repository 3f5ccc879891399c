/** Tar and gzip bytes that depend on their input alone: no time stamps, owners or host properties. */
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";

interface File {
  /** Path in the archive, without a leading slash; a directory ends with one. */
  readonly path: string;
  readonly mode: number;
  /** @default empty */
  readonly bytes?: Uint8Array;
}

/** A tar archive and how hard to compress it. */
export interface Layer {
  readonly tar: Uint8Array;
  /** zlib's level; 0 stores, which suits bytes that don't compress. */
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
  // Node leaves the time at 0 but records the operating system (RFC 1952, OS); 255 is "unknown".
  bytes[9] = 255;
  return bytes;
}
