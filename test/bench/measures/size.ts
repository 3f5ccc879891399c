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

/** A start with a large store: 2 TiB of sparse blobs, and a tenth of it. What grows faster than the number of blobs shows in their comparison. */
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
  // A little less than what is stored: as soon as nginx knows what it has, it evicts.
  const sizeGiB = sizeFor(count * blobMiB * 0.98);
  const { blobsMiB } = diskBudget(sizeGiB);
  const size = `${sizeGiB}GiB`;
  const chain = await startChain(started, { region: { storage: { kind: "disk", size } } });
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
  // The janitor has seen them all.
  await utimes(join(cache.layout.cache, "tmp/verified"), new Date(), new Date());

  progress(`size: starting with ${count} blobs`);
  const start = performance.now();
  await cache.start();
  const stored = async () => Number((await execa("sh", ["-c", `find ${zone} -type f | wc -l`])).stdout);
  await waitUntil("the cache evicts", async () => (await stored()) < count, 10 * minutes);
  const boundedSeconds = (performance.now() - start) / 1000;
  await waitUntil(
    "the cache is within its budget",
    async () => (await stored()) * blobMiB <= blobsMiB,
    10 * minutes,
  );
  const [edge, janitor] = [await mainPid(cache.container("edge")), await mainPid(cache.container("janitor"))];
  await sleep(idleSeconds * 1000);
  const before = await cpuSeconds([janitor]);
  await sleep(idleSeconds * 1000);
  const percent = (((await cpuSeconds([janitor])) - before) / idleSeconds) * 100;
  const what = `a store of ${count.toLocaleString("en")} blobs`;
  return [
    { what: `${what}: from the start until it is bounded`, unit: "s", series: { pod: [boundedSeconds] } },
    { what: `${what}: memory of the edge`, unit: "MiB", series: { pod: [await memoryMiB([edge])] } },
    {
      what: `${what}: processor time of the idle janitor`,
      unit: "% of a processor",
      series: { pod: [percent] },
    },
  ];
}

/** The smallest disk of which the budget leaves so much for blobs. */
function sizeFor(blobsMiB: number): number {
  let sizeGiB = Math.ceil(blobsMiB / 1024);
  while (diskBudget(sizeGiB).blobsMiB < blobsMiB) sizeGiB++;
  return sizeGiB;
}
