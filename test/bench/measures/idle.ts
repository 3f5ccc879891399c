import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "../contestants.ts";
import type { Measure } from "../measure.ts";
import { cpuSeconds } from "../processes.ts";
import { progress } from "../report.ts";

/** What is used while nobody pulls: the janitor looks at the store, Prometheus scrapes, the origin asks whether its upstream is there. */
export const idle: Measure = {
  name: "idle",
  async measure(bench) {
    const { pod, distribution } = await bench.arena();
    const { seconds, repetitions } = bench.quick
      ? { seconds: 2, repetitions: 1 }
      : { seconds: 10, repetitions: 6 };
    const series: { pod: number[]; distribution: number[] } = { pod: [], distribution: [] };
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`idle, ${repetition} of ${repetitions}`);
      const used = ({ processes }: Contestant) => cpuSeconds(processes);
      const before = [await used(pod), await used(distribution)] as const;
      await sleep(seconds * 1000);
      series.pod.push((((await used(pod)) - before[0]) / seconds) * 100);
      series.distribution.push((((await used(distribution)) - before[1]) / seconds) * 100);
    }
    return [
      { what: "processor time of the idle Pod", unit: "% of a processor", series, goal: { atMost: 2 } },
    ];
  },
};
