import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { podUser } from "../../../components/pod/pod.ts";
import { mainPid } from "../../support/cache-containers.ts";
import { alternate } from "../alternate.ts";
import { type Arena, blobMegabytes, freshnessSeconds, inWords, pullOf, untilVerified } from "../arena.ts";
import { type Contestant, type PodContestant, startPod } from "../contestants.ts";
import { pullSeconds } from "../load.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds } from "../processes.ts";
import { replace, startTrialEdge } from "../trial-edge.ts";

interface Trial {
  readonly what: string;
  start(parts: AsyncDisposableStack, arena: Arena): Promise<Contestant & { readonly originStore?: string }>;
}

const trials: readonly Trial[] = [
  { what: "nothing changed", start: (parts, { upstream }) => otherPod(parts, upstream) },
  {
    what: "origin's store in memory",
    async start(parts, { upstream }) {
      const pod = await otherPod(parts, upstream);
      const { cache } = pod;
      const originStore = cache.layout.origin("gsoci");
      await cache.stop();
      const owner = `uid=${podUser},gid=${podUser}`;
      await execa("mount", ["-t", "tmpfs", "-o", `size=1g,mode=700,${owner}`, "tmpfs", originStore]);
      parts.defer(async () => {
        await cache.stop();
        await execa("umount", [originStore]);
      });
      await cache.start();
      return { ...pod, processes: await servers(pod), originStore };
    },
  },
  {
    // The bench's upstream requires no token and redirects nobody, so this is the most that a path without the origin can save.
    what: "the edge asks the upstream itself",
    async start(parts, { pod, upstream }) {
      const direct = [
        replace("server 127.0.0.1:\\d+ max_fails=0", `server ${upstream.url.host} max_fails=0`),
        (config: string) => config.replaceAll("$upstream/v2/", "v2/"),
      ];
      return parts.use(await startTrialEdge(pod, { edits: direct }));
    },
  },
  {
    // As many writes as with a store only at the edge, without the benefits of the edge's store.
    what: "the edge stores nothing",
    async start(parts, { pod }) {
      const edge = parts.use(
        await startTrialEdge(pod, { edits: [replace("proxy_cache blobs", "proxy_cache off")] }),
      );
      const origin = await mainPid(pod.cache.container("origin-gsoci"));
      return { ...edge, processes: [...edge.processes, origin] };
    },
  },
];

const distance = { roundTripMs: 30 };

/** One client pulls a cold blob through the unchanged Pod, and on another path. Edge and origin count, and not the janitor, which reads later. */
export const coldTrials: Measure = {
  name: "cold-trials",
  async measure(bench) {
    const arena = await bench.arena();
    const found: Measurement[] = [];
    for (const trial of trials) found.push(...(await tried(arena, trial, bench.quick)));
    return found;
  },
};

async function tried(arena: Arena, { what, start }: Trial, quick: boolean): Promise<Measurement[]> {
  const { upstream, pod, direct } = arena;
  await using parts = new AsyncDisposableStack();
  const changed = await start(parts, arena);
  const unchanged = { ...pod, name: "unchanged" as const, processes: await servers(pod) };
  await upstream.setDistance(distance);
  const series = await alternate({
    what: `cold blob, ${what}`,
    contestants: [changed, unchanged, direct],
    repetitions: quick ? 1 : 9,
    async prepare() {
      const blob = await upstream.publish(blobMegabytes({ quick }));
      await untilVerified(pod);
      return blob;
    },
    async measure(contestant, blob) {
      await upstream.endConnections();
      const before = await cpuSeconds(contestant.processes);
      const pulled = pullSeconds(pullOf(contestant, upstream, blob), 1);
      const storeMiB = "originStore" in contestant ? await peakMiB(changed.originStore, pulled) : 0;
      const seconds = await pulled;
      const used = (await cpuSeconds(contestant.processes)) - before;
      return { seconds, cpuSecondsPerGB: used / (blob.size / 1e9), storeMiB };
    },
  });
  const { direct: _, ...processorTime } = series("cpuSecondsPerGB");
  const subject = `trial, cold blob, ${inWords(distance)}: ${what}`;
  return [
    { what: subject, unit: "s", series: series("seconds") },
    { what: `${subject}: processor time`, unit: "s/GB", series: processorTime },
    {
      what: `${subject}: the most in the store in memory`,
      unit: "MiB",
      series: { pod: series("storeMiB").pod ?? [] },
    },
  ];
}

async function otherPod(parts: AsyncDisposableStack, upstream: Arena["upstream"]): Promise<PodContestant> {
  const pod = parts.use(await startPod(upstream, freshnessSeconds));
  return { ...pod, processes: await servers(pod) };
}

function servers({ cache }: PodContestant): Promise<number[]> {
  return Promise.all(["edge", "origin-gsoci"].map((name) => mainPid(cache.container(name))));
}

/** The maximum use of a file system while `work` ran. */
async function peakMiB(path: string | undefined, work: Promise<unknown>): Promise<number> {
  if (path === undefined) return 0;
  let running = true;
  const ended = work.finally(() => {
    running = false;
  });
  let peak = 0;
  while (running) {
    await Promise.race([sleep(50), ended]);
    const { bsize, blocks, bfree } = await statfs(path);
    peak = Math.max(peak, ((blocks - bfree) * bsize) / 1024 ** 2);
  }
  return peak;
}
