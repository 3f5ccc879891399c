/** The resources that processes use, from proc(5). */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** USER_HZ, which the kernel fixes at 100 on all architectures of the cache. */
const ticksPerSecond = 100;

/**
 * Processor seconds of the processes and all their descendants since each one's start. Time of ended processes is included, because their parents
 * have it.
 * The difference between two calls is the use in between.
 */
export async function cpuSeconds(roots: readonly number[]): Promise<number> {
  const ticks = (await tree(roots)).map(({ ticks }) => ticks);
  return ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond;
}

/** Processor seconds of this process's ended children, and of their descendants. */
export async function endedChildrenSeconds(): Promise<number> {
  return ((await readProcess(process.pid))?.childTicks ?? 0) / ticksPerSecond;
}

/** Proportional set size of the processes and all their descendants, in MiB. Shared memory counts once, and the page cache counts only where it is mapped. */
export async function memoryMiB(roots: readonly number[]): Promise<number> {
  const sizes = (await tree(roots)).map(async ({ pid }) => {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(unlessGone);
    return Number(text?.match(/^Pss: +(\d+) kB$/m)?.[1] ?? 0);
  });
  return (await Promise.all(sizes)).reduce((sum, kB) => sum + kB, 0) / 1024;
}

/** Open file descriptors of the processes and all their descendants. */
export async function openDescriptors(roots: readonly number[]): Promise<number> {
  const open = (await tree(roots)).map(({ pid }) => readdir(`/proc/${pid}/fd`).catch(unlessGone));
  return (await Promise.all(open)).reduce((sum, names) => sum + (names?.length ?? 0), 0);
}

/** The maximum memory while `work` ran, sampled every 250 ms. */
export async function peakMemoryMiB(roots: readonly number[], work: Promise<unknown>): Promise<number> {
  let peak = await memoryMiB(roots);
  let running = true;
  const ended = work.finally(() => {
    running = false;
  });
  while (running) {
    await Promise.race([sleep(250), ended]);
    peak = Math.max(peak, await memoryMiB(roots));
  }
  await ended;
  return peak;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Time in user and kernel mode, including that of ended children. */
  readonly ticks: number;
  /** Time of ended children only. */
  readonly childTicks: number;
}

async function tree(roots: readonly number[]): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = (await Promise.all(pids.map(readProcess))).filter((process) => process !== undefined);
  const found = new Set(roots);
  // A child's pid can be lower than its parent's, so one pass over the list isn't enough.
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

/** proc_pid_stat(5). The second field, the name, can contain anything. No later field contains a parenthesis. */
async function readProcess(pid: number): Promise<Process | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(unlessGone);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user = 0, kernel = 0, childUser = 0, childKernel = 0] = fields.slice(11, 15).map(Number);
  const childTicks = childUser + childKernel;
  return { pid, parent: Number(fields[1]), ticks: user + kernel + childTicks, childTicks };
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
  throw error;
}
