/** A disk that outlives machines: a raw file, of which only what was written takes room. */
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DataDisk {
  readonly file: string;
}

/** The smallest size with the budget of an ordinary disk: see vm.ts. */
export const dataDiskGiB = 17;

export const gib = 1024 ** 3;

/** In a directory, which holds one such disk. */
export async function blankDisk(directory: string): Promise<DataDisk> {
  const file = join(directory, "data.raw");
  await writeFile(file, "");
  await truncate(file, dataDiskGiB * gib);
  return { file };
}
