import { blobMegabytes, inWords } from "../arena.ts";
import { coldPulls } from "../cold-blob.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";

const distance = { roundTripMs: 30 };

/** Many clients pull the same cold blob at once. */
export const fanOut: Measure = {
  name: "fan-out",
  async measure(bench) {
    const arena = await bench.arena();
    const blobMB = blobMegabytes(bench);
    const measurements: Measurement[] = [];
    for (const clients of bench.quick ? [16] : [16, 64]) {
      const contestants = ["distribution", "pod"] as const;
      const series = await coldPulls(arena, { blobMB, clients, distance, repetitions: 1, contestants });
      const what = `cold blob of ${blobMB} MB, ${inWords(distance)}, ${clients} clients`;
      measurements.push(
        {
          what: `${what}: bytes from upstream ÷ bytes`,
          unit: "",
          series: series("upstream"),
          goal: { atMost: 1.01 },
        },
        { what: `${what}: all done`, unit: "s", series: series("seconds") },
        { what: `${what}: memory`, unit: "MiB", series: series("memoryMiB"), goal: { atMost: 400 } },
      );
    }
    return measurements;
  },
};
