import { secondsToFirstPull } from "../../boot/first-pull.ts";
import type { Measure } from "../measure.ts";
import { progress } from "../report.ts";

/** The time from a machine's start to a serving cache, in User-Mode Linux, which starts programs more slowly than a real machine. */
export const boot: Measure = {
  name: "boot",
  async measure() {
    progress("a new machine, which takes minutes");
    return [
      {
        what: "new machine, in User-Mode Linux, with everything to install: from its start to the end of the first pull",
        unit: "s",
        series: { pod: [await secondsToFirstPull()] },
      },
    ];
  },
};
