import { setTimeout as sleep } from "node:timers/promises";
import { mainPid } from "../../support/cache-containers.ts";
import type { Measure } from "../measure.ts";
import { cpuSeconds } from "../processes.ts";
import { progress } from "../report.ts";

/** Resource use while nobody pulls: the janitor checks the store, Prometheus scrapes, and the origin probes its upstream. */
export const idle: Measure = {
  name: "idle",
  async measure(bench) {
    const { pod, distribution } = await bench.arena();
    const { seconds, repetitions } = bench.quick
      ? { seconds: 2, repetitions: 1 }
      : { seconds: 30, repetitions: 6 };
    const watched = {
      pod: pod.processes,
      distribution: distribution.processes,
      janitor: [await mainPid(pod.cache.container("janitor"))],
    };
    const names = Object.keys(watched) as (keyof typeof watched)[];
    const used = () => Promise.all(names.map((name) => cpuSeconds(watched[name])));
    const percents: number[][] = names.map(() => []);
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`idle, ${repetition} of ${repetitions}`);
      const before = await used();
      await sleep(seconds * 1000);
      const after = await used();
      for (const [index, percent] of percents.entries()) {
        percent.push((((after[index] ?? 0) - (before[index] ?? 0)) / seconds) * 100);
      }
    }
    const [own = [], other = [], janitor = []] = percents;
    const unit = "% of a processor";
    return [
      {
        what: "processor time of the idle Pod",
        unit,
        series: { pod: own, distribution: other },
        goal: { atMost: 2 },
      },
      {
        what: "processor time of the idle janitor",
        unit,
        series: { pod: janitor },
        goal: { atMost: 0.5 },
      },
    ];
  },
};
