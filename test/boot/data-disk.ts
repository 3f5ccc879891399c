/** A disk that outlives machines: a raw file, of which only what was written takes room. */
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DataDisk {
  readonly file: string;
}

/** Just above the size from which a disk has the budget of a large one: see ownDiskBudget(). */
export const dataDiskGiB = 17;

export const gib = 1024 ** 3;

/** In a directory, which holds one such disk. */
export async function blankDisk(directory: string): Promise<DataDisk> {
  const file = join(directory, "data.raw");
  await writeFile(file, "");
  await truncate(file, dataDiskGiB * gib);
  return { file };
}
