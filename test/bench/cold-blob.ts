import { alternate } from "./alternate.ts";
import { type Arena, pullOf, untilVerified } from "./arena.ts";
import type { Distance } from "./far-upstream.ts";
import { pullSeconds } from "./load.ts";
import { cpuSeconds, peakMemoryMiB } from "./processes.ts";

export interface ColdPulls {
  readonly blobMB: number;
  readonly clients: number;
  readonly distance: Distance;
  readonly repetitions: number;
  readonly contestants: readonly ("pod" | "distribution" | "direct")[];
}

/** Clients pull, all at once, a blob that nobody has pulled before. */
export async function coldPulls(arena: Arena, options: ColdPulls) {
  const { upstream } = arena;
  const { blobMB, clients, distance, repetitions } = options;
  await upstream.setDistance(distance);
  return alternate({
    what: `cold blob, ${clients} clients`,
    contestants: options.contestants.map((name) => arena[name]),
    repetitions,
    async prepare() {
      const blob = await upstream.publish(blobMB);
      await untilVerified(arena.pod);
      return blob;
    },
    async measure(contestant, blob) {
      await upstream.endConnections();
      const before = await cpuSeconds(contestant.processes);
      const pulled = pullSeconds(pullOf(contestant, upstream, blob), clients);
      const memoryMiB = await peakMemoryMiB(contestant.processes, pulled);
      const used = (await cpuSeconds(contestant.processes)) - before;
      const bytes = await upstream.endConnections();
      return {
        seconds: await pulled,
        upstream: bytes / blob.size,
        cpuSecondsPerGB: used / ((blob.size * clients) / 1e9),
        memoryMiB,
      };
    },
  });
}
