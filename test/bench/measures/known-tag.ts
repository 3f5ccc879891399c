import { mediaTypes } from "../../../scripts/seed/content.ts";
import { freshnessSeconds, inWords, pullOf } from "../arena.ts";
import type { Contestant } from "../contestants.ts";
import { headMilliseconds } from "../load.ts";
import type { Measure } from "../measure.ts";
import { progress } from "../report.ts";
import { percentile } from "../statistics.ts";

const distance = { roundTripMs: 100 };
const everyMs = 20;

/**
 * Answers to HEAD requests for a known tag, one at a time, so that the Pod has to ask the upstream itself whenever the tag expires. The limit is
 * asked for its file at the same time, and shows how much of a slow answer is due to the machine.
 */
export const knownTag: Measure = {
  name: "known-tag",
  async measure(bench) {
    const { upstream, pod, distribution, limit, warm } = await bench.arena();
    const requests = bench.quick ? 50 : 500;
    await upstream.setDistance(distance);
    const tagOf = ({ url }: Contestant) =>
      new URL(`/v2/${upstream.repository}/manifests/${upstream.tag}`, url);
    const heads = async (contestant: Contestant, count: number, url = tagOf(contestant)) => {
      progress(`HEAD of a known tag: ${contestant.name}`);
      const request = { url, ca: contestant.ca ?? "", accept: mediaTypes.manifest };
      await headMilliseconds({ ...request, count: 1, everyMs: 0 });
      return headMilliseconds({ ...request, count, everyMs });
    };
    const [podTimes, limitTimes] = await Promise.all([
      heads(pod, requests),
      heads(limit, requests, pullOf(limit, upstream, warm).url),
    ]);
    // Each of its answers takes two round trips, so a tenth of the requests takes as long.
    const distributionTimes = await heads(distribution, requests / 10);
    const at = (percent: number) => ({
      pod: [percentile(podTimes, percent)],
      distribution: [percentile(distributionTimes, percent)],
      limit: [percentile(limitTimes, percent)],
    });
    const what = `HEAD of a known tag, ${inWords(distance)}, every ${everyMs} ms, fresh for ${freshnessSeconds} s`;
    return [
      { what: `${what}: p50`, unit: "ms", series: at(50) },
      { what: `${what}: p99`, unit: "ms", series: at(99), goal: { atMost: 10 } },
      { what: `${what}: slowest`, unit: "ms", series: at(100) },
    ];
  },
};
