import { download } from "../../support/http.ts";
import { alternate } from "../alternate.ts";
import { inWords, pullOf } from "../arena.ts";
import type { Measure } from "../measure.ts";

const distance = { roundTripMs: 30 };

/** Time to the first byte of the body of a blob that nobody has pulled before. */
export const firstByte: Measure = {
  name: "first-byte",
  async measure(bench) {
    const { upstream, pod, distribution } = await bench.arena();
    const { blobMB, repetitions } = bench.quick
      ? { blobMB: 1, repetitions: 2 }
      : { blobMB: 5, repetitions: 7 };
    await upstream.setDistance(distance);
    const what = `cold blob, ${inWords(distance)}: first byte`;
    const series = await alternate({
      what,
      contestants: [distribution, pod],
      repetitions,
      prepare: () => upstream.publish(blobMB),
      async measure(contestant, blob) {
        await upstream.endConnections();
        const { url } = pullOf(contestant, upstream, blob);
        const { digest, firstByteMs } = await download(url, { ca: contestant.ca ?? "" });
        if (digest !== blob.digest) throw new Error(`${url} has the digest ${digest}`);
        return { firstByteMs };
      },
    });
    return [
      { what, unit: "ms", series: series("firstByteMs"), goal: { against: "distribution", atMost: 1.1 } },
    ];
  },
};
