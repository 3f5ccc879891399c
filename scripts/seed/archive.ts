/** Tar and gzip bytes that depend on their input alone: no time stamps, owners or host properties. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import tar from "tar-stream";

export interface File {
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
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const header = { name: file.path, mode: file.mode, mtime: new Date(0) };
    if (file.path.endsWith("/")) pack.entry({ ...header, type: "directory" });
    else pack.entry(header, Buffer.from(file.bytes ?? []));
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

/** Reads one file out of a gzipped tar archive. Throws when there is none at that path. */
export async function fileIn(tgz: Uint8Array, path: string): Promise<Uint8Array> {
  const entries = Readable.from([gunzipSync(tgz)]).pipe(tar.extract());
  for await (const entry of entries) {
    if (entry.header.name === path) return buffer(entry);
    entry.resume();
  }
  throw new Error(`no ${path} in the archive`);
}
