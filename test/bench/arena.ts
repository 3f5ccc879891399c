/** The surroundings of the measurements: the upstream, the contestants, and a blob that all of them have. */
import { setTimeout as sleep } from "node:timers/promises";
import { step } from "../../scripts/command/steps.ts";
import type { Blob } from "../../scripts/seed/content.ts";
import { aptInstall, hasProgram } from "../../scripts/setup/apt.ts";
import { ensurePodman } from "../../scripts/setup/podman.ts";
import { waitUntil } from "../support/wait.ts";
import {
  type Contestant,
  direct,
  type PodContestant,
  startDistribution,
  startLimit,
  startPod,
} from "./contestants.ts";
import { type Distance, type FarUpstream, startFarUpstream } from "./far-upstream.ts";
import { type Pull, pullSeconds } from "./load.ts";
import { cpuSeconds } from "./processes.ts";
import { progress } from "./report.ts";

/** The contestants, and the upstream of their content. */
export interface Arena {
  readonly upstream: FarUpstream;
  readonly pod: PodContestant;
  readonly distribution: Contestant;
  readonly direct: Contestant;
  readonly limit: Contestant;
  /** The blob that the caches have, and the only one that the limit serves. */
  readonly warm: Blob;
}

/** The age at which the Pod confirms a tag: the configurable minimum, so that it asks often. */
export const freshnessSeconds = 5;

export function blobMegabytes({ quick }: { readonly quick: boolean }): number {
  return quick ? 8 : 200;
}

/** @param started ends what is started here */
export async function startArena(started: AsyncDisposableStack, quick: boolean): Promise<Arena> {
  await ensurePodman();
  if (!(await hasProgram("curl"))) {
    await step("Installing curl", "install curl by hand", (run) => aptInstall(["curl"], "curl", run));
  }
  progress("starting the upstream and the contestants");
  const upstream = started.use(await startFarUpstream());
  const pod = started.use(await startPod(upstream, freshnessSeconds));
  const distribution = started.use(await startDistribution(upstream));
  const warm = await upstream.publish(blobMegabytes({ quick }));
  const path = pullOf(pod, upstream, warm).url.pathname;
  const limit = started.use(await startLimit({ edge: pod.edge, path, file: upstream.file(warm) }));
  for (const contestant of [pod, distribution, limit]) {
    await pullSeconds(pullOf(contestant, upstream, warm), 1);
  }
  await untilVerified(pod);
  return { upstream, pod, distribution, direct: direct(upstream), limit, warm };
}

export function pullOf(
  { url, caFile }: Contestant,
  { repository }: FarUpstream,
  { digest, size }: Blob,
): Pull {
  return { url: new URL(`/v2/${repository}/blobs/${digest}`, url), caFile, size };
}

/** The janitor reads new objects within 5 s. Waits for that, because it would distort the other contestants' measurements. */
export async function untilVerified(pod: Contestant): Promise<void> {
  await sleep(5500);
  await waitUntil("the Pod is idle", async () => {
    const before = await cpuSeconds(pod.processes);
    await sleep(500);
    return (await cpuSeconds(pod.processes)) - before < 0.1;
  });
}

export function inWords({ roundTripMs, megabytesPerSecond }: Distance): string {
  return megabytesPerSecond === undefined
    ? `upstream ${roundTripMs} ms away`
    : `upstream ${roundTripMs} ms away at ${megabytesPerSecond} MB/s`;
}
