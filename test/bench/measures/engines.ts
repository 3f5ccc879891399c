import { mediaTypes } from "../../../scripts/seed/content.ts";
import { get } from "../../support/http.ts";
import { alternate } from "../alternate.ts";
import { type Arena, blobMegabytes, freshnessSeconds, inWords, pullOf, untilVerified } from "../arena.ts";
import { type Contestant, startPod, startZot } from "../contestants.ts";
import type { FarUpstream } from "../far-upstream.ts";
import { pullSeconds } from "../load.ts";
import type { Bench, Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds, peakMemoryMiB } from "../processes.ts";
import { progress } from "../report.ts";

type Image = Awaited<ReturnType<FarUpstream["publishImage"]>>;

const distance = { roundTripMs: 30, megabytesPerSecond: 100 };

/** distribution and zot, alone and in the Pod. A pull is that of an image, because zot serves no blob without its manifest. */
export const engines: Measure = {
  name: "engines",
  async measure(bench) {
    const arena = await bench.arena();
    progress("starting zot, and the Pod with it");
    await using started = new AsyncDisposableStack();
    const podZot = started.use(await startPod(arena.upstream, freshnessSeconds, "zot"));
    const zot = started.use(await startZot(arena.upstream));
    const contestants = [arena.pod, podZot, arena.distribution, zot];
    return [
      ...(await cold(bench, arena, contestants, 1, bench.quick ? 1 : 5)),
      ...(await cold(bench, arena, contestants, 16, bench.quick ? 1 : 2)),
      ...(await warm(bench, arena, contestants)),
    ];
  },
};

/** Clients pull, all at once, an image that nobody has pulled before. */
async function cold(
  bench: Bench,
  { upstream, pod }: Arena,
  contestants: readonly Contestant[],
  clients: number,
  repetitions: number,
): Promise<Measurement[]> {
  const blobMB = blobMegabytes(bench);
  await upstream.setDistance(distance);
  const series = await alternate({
    what: `cold image, ${clients} clients`,
    contestants,
    repetitions,
    async prepare() {
      const image = await upstream.publishImage(blobMB);
      await untilVerified(pod);
      return image;
    },
    async measure(contestant, image) {
      await upstream.endConnections();
      const before = await cpuSeconds(contestant.processes);
      const pulled = pullImage(contestant, image, clients);
      const memoryMiB = await peakMemoryMiB(contestant.processes, pulled);
      const used = (await cpuSeconds(contestant.processes)) - before;
      const bytes = await upstream.endConnections();
      const size = layerOf(image).size;
      return {
        ...(await pulled),
        upstream: bytes / size,
        cpuSecondsPerGB: used / ((size * clients) / 1e9),
        memoryMiB,
      };
    },
  });
  const what = `cold image of ${blobMB} MB, ${inWords(distance)}, ${clients} client${clients === 1 ? "" : "s"}`;
  return [
    { what, unit: "s", series: series("seconds") },
    { what: `${what}: until the manifest is there`, unit: "s", series: series("manifestSeconds") },
    { what: `${what}: bytes from upstream ÷ bytes`, unit: "", series: series("upstream") },
    { what: `${what}: processor time`, unit: "s/GB", series: series("cpuSecondsPerGB") },
    { what: `${what}: memory`, unit: "MiB", series: series("memoryMiB") },
  ];
}

/** Clients pull the layer of an image that every contestant has. The limit has another blob of the same size. */
async function warm(
  bench: Bench,
  { upstream, pod, limit, warm }: Arena,
  contestants: readonly Contestant[],
): Promise<Measurement[]> {
  const image = await upstream.publishImage(blobMegabytes(bench));
  for (const contestant of contestants) await pullImage(contestant, image, 1);
  await untilVerified(pod);
  const { clients, times, repetitions } = bench.quick
    ? { clients: 2, times: 2, repetitions: 1 }
    : { clients: 4, times: 3, repetitions: 5 };
  const layer = layerOf(image);
  const gigabytes = (layer.size * clients * times) / 1e9;
  const series = await alternate({
    what: `warm blob, ${clients} clients`,
    contestants: [...contestants, limit],
    repetitions,
    async measure(contestant) {
      const before = await cpuSeconds(contestant.processes);
      const blob = contestant === limit ? warm : layer;
      const seconds = await pullSeconds(pullOf(contestant, upstream, blob), clients, times);
      const used = (await cpuSeconds(contestant.processes)) - before;
      return { megabytesPerSecond: (gigabytes * 1000) / seconds, cpuSecondsPerGB: used / gigabytes };
    },
  });
  const what = `warm blob over TLS, ${clients} clients`;
  return [
    { what: `${what}: throughput`, unit: "MB/s", series: series("megabytesPerSecond") },
    { what: `${what}: processor time`, unit: "s/GB", series: series("cpuSecondsPerGB") },
  ];
}

function layerOf({ blobs }: Image) {
  const layer = blobs.find(({ size }) => size > 1e6);
  if (!layer) throw new RangeError("an image without a layer");
  return layer;
}

/** Each client pulls the manifest, then the layer. @returns seconds until all have both, and until all have the manifest */
async function pullImage(contestant: Contestant, image: Image, clients: number) {
  const { url, ca = "", caFile } = contestant;
  const { repository, tags } = image;
  const layer = layerOf(image);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const manifests = Array.from({ length: clients }, async () => {
    const manifest = new URL(`/v2/${repository}/manifests/${tags[0]}`, url);
    const { status } = await get(manifest, { ca, headers: { accept: mediaTypes.manifest } });
    if (status !== 200) throw new Error(`${manifest}: status ${status}`);
    const manifestSeconds = seconds();
    await pullSeconds(
      { url: new URL(`/v2/${repository}/blobs/${layer.digest}`, url), caFile, size: layer.size },
      1,
    );
    return manifestSeconds;
  });
  const manifestSeconds = Math.max(...(await Promise.all(manifests)));
  return { seconds: seconds(), manifestSeconds };
}
