/** Objects in the form of nginx's cache on disk, created without pulls. */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/**
 * The position of the key's CRC-32 in a cache file, after six fields of 8 bytes. The key follows it.
 * https://github.com/nginx/nginx/blob/release-1.28.0/src/http/ngx_http_cache.h#L117
 */
const checksumAt = 6 * 8;

/**
 * Creates sparse blobs. They are copies of the only blob in a cache's zone with other digests.
 * @param zone the directory
 * @param bytes the size of each blob
 */
export async function storeBlobs(
  zone: string,
  { count, bytes }: { count: number; bytes: number },
): Promise<void> {
  const [path] = (await readdir(zone, { recursive: true })).filter((name) => /[0-9a-f]{32}$/.test(name));
  const text = (await readFile(join(zone, path ?? ""))).toString("latin1");
  const [, key = ""] = /\nKEY: (.*)\n/.exec(text) ?? [];
  const head = text.slice(0, text.indexOf("\r\n\r\n") + 4);
  // The janitor would read new files.
  const longAgo = Date.now() / 1000 - 86_400;
  const batch = 200;
  for (let first = 0; first < count; first += batch) {
    const indices = Array.from({ length: Math.min(batch, count - first) }, (_, index) => first + index);
    await Promise.all(
      indices.map(async (index) => {
        const digest = createHash("sha256").update(`${index}`).digest("hex");
        const own = key.replace(/[0-9a-f]{64}/, digest);
        const header = Buffer.from(head.replace(key, own), "latin1");
        header.writeUInt32LE(crc32(own), checksumAt);
        const name = createHash("md5").update(own).digest("hex");
        // See levels=1:2 in cacheZones() in budget.ts.
        const directory = join(zone, name.slice(-1), name.slice(-3, -1));
        await mkdir(directory, { recursive: true });
        await using file = await open(join(directory, name), "w", 0o600);
        await file.write(header);
        await file.truncate(bytes);
        await file.utimes(longAgo, longAgo);
      }),
    );
  }
}
