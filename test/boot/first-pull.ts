import { blankDisk } from "./data-disk.ts";
import { ensureQemu } from "./image.ts";
import { awsRegion, serves } from "./region.ts";
import { surroundings } from "./surroundings.ts";

/** The time from the start of a new machine, with a blank disk and nothing installed, to the end of a node's first pull. */
export async function secondsToFirstPull(): Promise<number> {
  await using parts = new AsyncDisposableStack();
  await ensureQemu();
  const around = await surroundings(parts);
  const { region, ca } = await awsRegion(around);
  const machine = parts.use(await region.start(await blankDisk(around.directory), { name: "machine" }));
  await serves(around, machine, ca);
  await around.pull(ca);
  return machine.seconds;
}
