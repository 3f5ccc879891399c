import { execa } from "execa";

/** What a directory takes of its disk, in MiB. */
export async function usedMiB(directory: string): Promise<number> {
  // What is deleted meanwhile makes du complain.
  const { stdout } = await execa("du", ["--summarize", "--block-size=1K", directory], { reject: false });
  const kiB = Number.parseInt(stdout, 10);
  if (Number.isNaN(kiB)) throw new Error(`du says nothing of ${directory}`);
  return kiB / 1024;
}
