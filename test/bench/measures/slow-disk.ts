import { execa } from "execa";
import type { Blob } from "../../../scripts/seed/content.ts";
import { type Arena, pullOf } from "../arena.ts";
import type { Contestant } from "../contestants.ts";
import { headMilliseconds, pullSeconds } from "../load.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { progress } from "../report.ts";
import { percentile } from "../statistics.ts";
import { type Edit, replace, startTrialEdge, workersPerProcessor } from "../trial-edge.ts";

const disk = { rate: "20mb", blobMB: 25, blobs: 8 };

const aioOff = replace("aio threads", "aio off");

const trials: readonly { readonly what: string; readonly edits: readonly Edit[] }[] = [
  { what: "as it stands", edits: [] },
  { what: "aio off", edits: [aioOff] },
  { what: "aio off, 4 workers per processor", edits: [aioOff, workersPerProcessor(4)] },
  { what: "aio off, 16 workers per processor", edits: [aioOff, workersPerProcessor(16)] },
];

/** Waiting times on a slow disk: requests that need no disk, on connections of their own, while several clients each pull a blob that isn't in memory. */
export const slowDisk: Measure = {
  name: "slow-disk",
  async measure({ quick, arena: start }) {
    const arena = await start();
    const blobs: Blob[] = [];
    for (let count = 0; count < (quick ? 2 : disk.blobs); count++) {
      const blob = await arena.upstream.publish(disk.blobMB);
      await pullSeconds(pullOf(arena.pod, arena.upstream, blob), 1);
      blobs.push(blob);
    }
    const waits = new Map<string, number[]>();
    for (let round = 1; round <= (quick ? 1 : 5); round++) {
      for (const trial of trials) {
        progress(`slow disk, ${trial.what}: ${round}`);
        const milliseconds = await slowest(arena, blobs, trial.edits);
        waits.set(trial.what, [...(waits.get(trial.what) ?? []), milliseconds]);
      }
    }
    return [...waits].map(
      ([what, values]): Measurement => ({
        what: `disk of ${disk.rate}/s, ${blobs.length} blobs, unrelated requests, p99: ${what}`,
        unit: "ms",
        series: { pod: values },
      }),
    );
  },
};

async function slowest({ upstream, pod }: Arena, blobs: readonly Blob[], edits: readonly Edit[]) {
  await using edge = await startTrialEdge(pod, { edits, diskRate: disk.rate });
  await forget(edge.files);
  const pulls = blobs.map((blob) => pullSeconds(pullOf(edge, upstream, blob), 1));
  const pings = await Promise.all(Array.from({ length: 8 }, () => ping(edge)));
  await Promise.all(pulls);
  return percentile(pings.flat(), 99);
}

function ping({ url, ca = "" }: Contestant): Promise<number[]> {
  return headMilliseconds({ url: new URL("/v2/", url), ca, accept: "*/*", count: 100, everyMs: 50 });
}

/** Drops a directory's files from the page cache. */
async function forget(directory: string): Promise<void> {
  await execa("sync");
  await execa("find", [
    ...[directory, "-type", "f", "-size", "+1M"],
    ...["-exec", "dd", "if={}", "iflag=nocache", "count=0", "status=none", ";"],
  ]);
}
