import { alternate } from "../alternate.ts";
import { pullOf } from "../arena.ts";
import { pullSeconds } from "../load.ts";
import type { Measure } from "../measure.ts";
import { cpuSeconds } from "../processes.ts";

/** Throughput and processor time for a cached blob. */
export const warmBlob: Measure = {
  name: "warm-blob",
  async measure(bench) {
    const { upstream, pod, distribution, limit, warm } = await bench.arena();
    const { clients, times, repetitions } = bench.quick
      ? { clients: 2, times: 2, repetitions: 1 }
      : { clients: 4, times: 3, repetitions: 15 };
    const gigabytes = (warm.size * clients * times) / 1e9;
    const series = await alternate({
      what: `warm blob, ${clients} clients`,
      contestants: [pod, limit, distribution],
      repetitions,
      async measure(contestant) {
        const before = await cpuSeconds(contestant.processes);
        const seconds = await pullSeconds(pullOf(contestant, upstream, warm), clients, times);
        const used = (await cpuSeconds(contestant.processes)) - before;
        return { megabytesPerSecond: (gigabytes * 1000) / seconds, cpuSecondsPerGB: used / gigabytes };
      },
    });
    const what = `warm blob over TLS, ${clients} clients`;
    return [
      {
        what: `${what}: throughput`,
        unit: "MB/s",
        series: series("megabytesPerSecond"),
        goal: { against: "limit", atLeast: 0.9 },
      },
      {
        what: `${what}: processor time`,
        unit: "s/GB",
        series: series("cpuSecondsPerGB"),
        goal: { against: "limit", atMost: 1.15 },
      },
    ];
  },
};
