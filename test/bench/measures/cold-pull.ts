import { blobMegabytes, inWords } from "../arena.ts";
import { coldPulls } from "../cold-blob.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";

const distances = [{ roundTripMs: 30, megabytesPerSecond: 100 }, { roundTripMs: 30 }];

/** One client pulls a cold blob. */
export const coldPull: Measure = {
  name: "cold-pull",
  async measure(bench) {
    const arena = await bench.arena();
    const blobMB = blobMegabytes(bench);
    const measurements: Measurement[] = [];
    for (const distance of distances) {
      const contestants = ["direct", "distribution", "pod"] as const;
      const repetitions = bench.quick ? 1 : 7;
      const series = await coldPulls(arena, { blobMB, distance, repetitions, clients: 1, contestants });
      const { direct: _, ...processorTime } = series("cpuSecondsPerGB");
      const what = `cold blob of ${blobMB} MB, ${inWords(distance)}, 1 client`;
      measurements.push(
        { what, unit: "s", series: series("seconds"), goal: { against: "direct", atMost: 1.15 } },
        {
          what: `${what}: bytes from upstream ÷ bytes`,
          unit: "",
          series: series("upstream"),
          goal: { atMost: 1.01 },
        },
        { what: `${what}: processor time`, unit: "s/GB", series: processorTime },
      );
    }
    return measurements;
  },
};
