/** A file system that is small enough to fill. Needs root. */
import { appendFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { tempDir } from "./scope.ts";

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Fills the remaining space until it is disposed. */
  fill(): Promise<AsyncDisposable>;
}

export async function smallDisk(sizeMiB: number): Promise<SmallDisk> {
  const directory = await tempDir();
  await execa("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=755`, "tmpfs", directory.path]);
  return {
    path: directory.path,
    async fill() {
      const file = join(directory.path, "ballast");
      const ballast = writeFile(file, Buffer.alloc(sizeMiB * 1024 * 1024)).catch(({ code }) => code);
      if ((await ballast) !== "ENOSPC") throw new Error("there was room for all of it");
      return { [Symbol.asyncDispose]: () => rm(file) };
    },
    async [Symbol.asyncDispose]() {
      await execa("umount", ["--lazy", directory.path]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Fills a {@link smallDisk} except for this many bytes. It doesn't take space that is freed later. */
export async function leaveFree(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  await appendFile(join(path, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
}
