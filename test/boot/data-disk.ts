/** A disk that outlives machines: a sparse raw file. */
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface DataDisk {
  readonly file: string;
}

/** Slightly larger than the smallest disk with the budget of a large one: see ownDiskBudget(). */
export const dataDiskGiB = 17;

export const gib = 1024 ** 3;

/** Creates a disk in a directory, which can hold one. */
export async function blankDisk(directory: string): Promise<DataDisk> {
  const file = join(directory, "data.raw");
  await writeFile(file, "");
  await truncate(file, dataDiskGiB * gib);
  return { file };
}
