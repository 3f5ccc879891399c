import { secondsToFirstPull } from "../../boot/first-pull.ts";
import type { Measure } from "../measure.ts";
import { progress } from "../report.ts";

/** How long a new machine takes to be a cache. By emulation: a machine with a processor of its own takes a fraction of it. */
export const boot: Measure = {
  name: "boot",
  async measure() {
    progress("a new machine, which takes minutes");
    return [
      {
        what: "new machine, emulated, with everything to install: from its start to the end of the first pull",
        unit: "s",
        series: { pod: [await secondsToFirstPull()] },
      },
    ];
  },
};
