import { existsSync } from "node:fs";
import { stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { diskBudget } from "../../../components/pod/edge/budget.ts";
import { push } from "../../../scripts/seed/push.ts";
import { mainPid } from "../../support/cache-containers.ts";
import { registryName, startChain } from "../../support/chain.ts";
import { download } from "../../support/http.ts";
import { randomImage } from "../../support/images.ts";
import { waitUntil } from "../../support/wait.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds, memoryMiB } from "../processes.ts";
import { progress } from "../report.ts";
import { storeBlobs } from "../stored-objects.ts";

const blobMiB = 10;
const minutes = 60_000;

/** A start with a large store: 2 TiB of sparse blobs, and a tenth of that. The comparison shows what grows faster than the number of blobs. */
export const size: Measure = {
  name: "size",
  async measure({ quick }) {
    const counts = quick ? [200, 2000] : [20_000, 200_000];
    const found: Measurement[] = [];
    for (const count of counts) found.push(...(await withBlobs(count, quick ? 2 : 30)));
    return found;
  },
};

async function withBlobs(count: number, idleSeconds: number): Promise<Measurement[]> {
  await using started = new AsyncDisposableStack();
  // A little less than is stored, so nginx evicts as soon as it knows its content.
  const sizeGiB = sizeFor(count * blobMiB * 0.98);
  const { blobsMiB } = diskBudget(sizeGiB);
  const size = `${sizeGiB}GiB`;
  const chain = await startChain(started, {
    region: { storage: { kind: "disk", size } },
    hasPrometheus: true,
  });
  const { cache, registry } = chain;
  const image = await randomImage({ repository: "giantswarm/template", tag: "1", layerMB: 0.001 });
  await push(registry.url, image);
  const [layer] = image.blobs;
  const url = new URL(`/v2/${image.repository}/blobs/${layer?.digest}?ns=${registryName}`, cache.url);
  await download(url, { ca: cache.ca });
  const zone = join(cache.layout.cache, "blobs");
  await cache.stop();

  progress(`size: storing ${count} blobs`);
  await storeBlobs(zone, { count, bytes: blobMiB * 1024 ** 2 });
  const { uid, gid } = await stat(zone);
  await execa("chown", ["-R", `${uid}:${gid}`, zone]);
  // Marks all blobs as already verified by the janitor.
  await utimes(join(cache.layout.cache, "tmp/verified"), new Date(), new Date());

  // The janitor introduces the blobs in this order, in which nginx evicts those that nobody requested.
  const first = (await execa("sh", ["-c", `find ${zone} -type f | head -n 100`])).stdout.split("\n");

  progress(`size: starting with ${count} blobs`);
  const start = performance.now();
  const secondsSince = () => (performance.now() - start) / 1000;
  await cache.start();
  const edge = await mainPid(cache.container("edge"));
  const janitor = await mainPid(cache.container("janitor"));
  await waitUntil("the cache evicts", () => first.some((path) => !existsSync(path)), 10 * minutes);
  const countedSeconds = secondsSince();
  progress(`size: evicting after ${countedSeconds.toFixed(1)} s`);
  await waitUntil(
    "the cache is within its budget",
    async () => {
      // Counting takes processor time, which the measured programs then lack.
      await sleep(count / 100);
      // The pulled blob is smaller.
      const { stdout } = await execa("sh", ["-c", `find ${zone} -type f -size +1M | wc -l`]);
      return Number(stdout) * blobMiB <= blobsMiB;
    },
    10 * minutes,
  );
  const boundedSeconds = secondsSince();
  progress(`size: bounded after ${boundedSeconds.toFixed(1)} s`);
  await sleep(idleSeconds * 1000);
  const before = await cpuSeconds([janitor]);
  await sleep(idleSeconds * 1000);
  const percent = (((await cpuSeconds([janitor])) - before) / idleSeconds) * 100;
  const what = `a store of ${count.toLocaleString("en")} blobs`;
  const measured = (value: string, unit: string, one: number): Measurement => ({
    what: `${what}: ${value}`,
    unit,
    series: { pod: [one] },
  });
  return [
    measured("from the start until it evicts, as it knows what it has", "s", countedSeconds),
    measured("from the start until it is bounded", "s", boundedSeconds),
    measured("memory of the edge", "MiB", await memoryMiB([edge])),
    measured("memory of the janitor", "MiB", await memoryMiB([janitor])),
    measured("processor time of the idle janitor", "% of a processor", percent),
  ];
}

/** The smallest disk whose budget for blobs is at least this. */
function sizeFor(blobsMiB: number): number {
  let sizeGiB = Math.ceil(blobsMiB / 1024);
  while (diskBudget(sizeGiB).blobsMiB < blobsMiB) sizeGiB++;
  return sizeGiB;
}
