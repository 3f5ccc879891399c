/** Each function measures one thing, all its contestants in turn within every repetition. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Blob, mediaTypes } from "../../scripts/seed/content.ts";
import { download } from "../support/http.ts";
import { waitUntil } from "../support/wait.ts";
import type { Contestant } from "./contestants.ts";
import type { Distance, FarUpstream } from "./far-upstream.ts";
import { headMilliseconds, type Pull, pullSeconds } from "./load.ts";
import type { ContestantName, Measurement } from "./measurement.ts";
import { cpuSeconds, peakMemoryMiB } from "./processes.ts";
import { progress } from "./report.ts";
import { percentile } from "./statistics.ts";

/** Who is measured, and what they get their content from. */
export interface Arena {
  readonly upstream: FarUpstream;
  readonly pod: Contestant;
  readonly distribution: Contestant;
  readonly direct: Contestant;
  readonly limit: Contestant;
  /** That the caches have, and the only one that the limit serves. */
  readonly warm: Blob;
}

/**
 * Answers to HEAD requests for a tag that has been asked for before, one at a time, so that the Pod has to ask the upstream itself whenever the tag
 * expires. The limit, asked at the same time for its file, shows what of a slow answer is the machine's.
 */
export async function knownTag(
  { upstream, pod, distribution, limit, warm }: Arena,
  { requests, everyMs, freshnessSeconds }: { requests: number; everyMs: number; freshnessSeconds: number },
): Promise<Measurement[]> {
  const distance = { roundTripMs: 100 };
  await upstream.setDistance(distance);
  const tagOf = ({ url }: Contestant) => new URL(`/v2/${upstream.repository}/manifests/${upstream.tag}`, url);
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
  // Each of its answers takes two round trips: a tenth of the requests takes as long.
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
}

/** Throughput and processor time of a blob that is in the cache. */
export async function warmBlob(
  { upstream, pod, distribution, limit, warm }: Arena,
  { clients, times, repetitions }: { clients: number; times: number; repetitions: number },
): Promise<Measurement[]> {
  const gigabytes = (warm.size * clients * times) / 1e9;
  const series = await alternate({
    what: `warm blob, ${clients} clients`,
    contestants: [pod, limit, distribution],
    repetitions,
    async measure(contestant) {
      const before = await cpuSeconds(contestant.processes);
      const seconds = await pullSeconds(pullOf(contestant, upstream, warm), clients, times);
      const used = (await cpuSeconds(contestant.processes)) - before;
      return { megabytesPerSecond: (gigabytes * 1000) / seconds, cpuSecondsPerGB: used / gigabytes };
    },
  });
  const what = `warm blob over TLS, ${clients} clients`;
  return [
    {
      what: `${what}: throughput`,
      unit: "MB/s",
      series: series("megabytesPerSecond"),
      goal: { against: "limit", atLeast: 0.9 },
    },
    {
      what: `${what}: processor time`,
      unit: "s/GB",
      series: series("cpuSecondsPerGB"),
      goal: { against: "limit", atMost: 1.15 },
    },
  ];
}

/** Time to the first byte of the body of a blob that nobody has asked for. */
export async function firstByte(
  { upstream, pod, distribution }: Arena,
  { blobMB, repetitions }: { blobMB: number; repetitions: number },
): Promise<Measurement[]> {
  const distance = { roundTripMs: 30 };
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
    {
      what,
      unit: "ms",
      series: series("firstByteMs"),
      goal: { against: "distribution", atMost: 1.1 },
    },
  ];
}

/** One client pulls a cold blob. */
export async function coldPull(
  arena: Arena,
  options: { blobMB: number; distance: Distance; repetitions: number },
): Promise<Measurement[]> {
  const contestants = ["direct", "distribution", "pod"] as const;
  const series = await coldPulls(arena, { ...options, clients: 1, contestants });
  const { direct: _, ...processorTime } = series("cpuSecondsPerGB");
  const what = `cold blob of ${options.blobMB} MB, ${inWords(options.distance)}, 1 client`;
  return [
    { what, unit: "s", series: series("seconds"), goal: { against: "direct", atMost: 1.15 } },
    {
      what: `${what}: bytes from upstream ÷ bytes`,
      unit: "",
      series: series("upstream"),
      goal: { atMost: 1.01 },
    },
    { what: `${what}: processor time`, unit: "s/GB", series: processorTime },
  ];
}

/** Many clients pull the same cold blob at once. */
export async function fanOut(
  arena: Arena,
  options: { blobMB: number; clients: number; repetitions: number },
): Promise<Measurement[]> {
  const { blobMB, clients } = options;
  const distance = { roundTripMs: 30 };
  const series = await coldPulls(arena, { ...options, distance, contestants: ["distribution", "pod"] });
  const what = `cold blob of ${blobMB} MB, ${inWords(distance)}, ${clients} clients`;
  return [
    {
      what: `${what}: bytes from upstream ÷ bytes`,
      unit: "",
      series: series("upstream"),
      goal: { atMost: 1.01 },
    },
    { what: `${what}: all done`, unit: "s", series: series("seconds") },
    { what: `${what}: memory`, unit: "MiB", series: series("memoryMiB"), goal: { atMost: 400 } },
  ];
}

async function coldPulls(
  arena: Arena,
  options: {
    blobMB: number;
    clients: number;
    distance: Distance;
    repetitions: number;
    contestants: readonly ("pod" | "distribution" | "direct")[];
  },
) {
  const { upstream } = arena;
  const { blobMB, clients, distance, repetitions } = options;
  await upstream.setDistance(distance);
  return alternate({
    what: `cold blob, ${clients} clients`,
    contestants: options.contestants.map((name) => arena[name]),
    repetitions,
    async prepare() {
      const blob = await upstream.publish(blobMB);
      await untilVerified(arena.pod);
      return blob;
    },
    async measure(contestant, blob) {
      await upstream.endConnections();
      const before = await cpuSeconds(contestant.processes);
      const pulled = pullSeconds(pullOf(contestant, upstream, blob), clients);
      const memoryMiB = await peakMemoryMiB(contestant.processes, pulled);
      const used = (await cpuSeconds(contestant.processes)) - before;
      const bytes = await upstream.endConnections();
      return {
        seconds: await pulled,
        upstream: bytes / blob.size,
        cpuSecondsPerGB: used / ((blob.size * clients) / 1e9),
        memoryMiB,
      };
    },
  });
}

/** The janitor reads what has come in within 5 s: that it does so while the others are measured would be unfair to them. */
export async function untilVerified(pod: Contestant): Promise<void> {
  await sleep(5500);
  await waitUntil("the Pod is idle", async () => {
    const before = await cpuSeconds(pod.processes);
    await sleep(500);
    return (await cpuSeconds(pod.processes)) - before < 0.1;
  });
}

/**
 * Measures each contestant once in every repetition.
 *
 * @param prepare before each repetition
 * @returns the series of one of the measured values
 */
async function alternate<Prepared, Value extends string>(options: {
  what: string;
  contestants: readonly Contestant[];
  repetitions: number;
  prepare?: () => Promise<Prepared>;
  measure(contestant: Contestant, prepared: Prepared): Promise<Record<Value, number>>;
}): Promise<(value: Value) => Partial<Record<ContestantName, number[]>>> {
  const { what, contestants, repetitions, prepare, measure } = options;
  const measured: { name: ContestantName; values: Record<Value, number> }[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const prepared = (await prepare?.()) as Prepared;
    for (const contestant of contestants) {
      progress(`${what}: ${contestant.name}, ${repetition} of ${repetitions}`);
      measured.push({ name: contestant.name, values: await measure(contestant, prepared) });
    }
  }
  return (value) =>
    Object.fromEntries(
      contestants.map(({ name }) => [
        name,
        measured.filter((one) => one.name === name).map(({ values }) => values[value]),
      ]),
    );
}

export function pullOf(
  { url, caFile }: Contestant,
  { repository }: FarUpstream,
  { digest, size }: Blob,
): Pull {
  return { url: new URL(`/v2/${repository}/blobs/${digest}`, url), caFile, size };
}

function inWords({ roundTripMs, megabytesPerSecond }: Distance): string {
  return megabytesPerSecond === undefined
    ? `upstream ${roundTripMs} ms away`
    : `upstream ${roundTripMs} ms away at ${megabytesPerSecond} MB/s`;
}
