import { gzip } from "pako";

/** Compressed, the same bytes for the same text for ever: by a library of the lock file, not by the runtime's zlib. Other bytes would replace a machine. */
export function packed(text: string): Uint8Array {
  return gzip(text, { level: 9 });
}
