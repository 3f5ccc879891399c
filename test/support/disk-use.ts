import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** The disk space that a directory takes, in MiB. Files that disappear meanwhile and unreadable ones count as nothing. */
export async function usedMiB(directory: string): Promise<number> {
  /** Blocks by inode, so that a file with several names counts once. */
  const blocks = new Map<number, number>();
  const walk = async (path: string): Promise<void> => {
    const { ino, blocks: count } = await lstat(path);
    blocks.set(ino, count);
    const entries = await readdir(path, { withFileTypes: true });
    await Promise.all(
      entries.map(async (entry) => {
        const inside = join(path, entry.name);
        if (entry.isDirectory()) return await walk(inside).catch(() => {});
        const found = await lstat(inside).catch(() => undefined);
        if (found) blocks.set(found.ino, found.blocks);
      }),
    );
  };
  await walk(directory);
  return [...blocks.values()].reduce((sum, count) => sum + count, 0) / 2048;
}
