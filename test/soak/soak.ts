/** Many clients pull more than the cache can hold, while its upstream and its own parts fail in random order. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pMap from "p-map";
import { artifact, blob, mediaTypes } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { memoryMiB, openDescriptors } from "../bench/processes.ts";
import { mainPids } from "../support/cache-containers.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { usedMiB } from "../support/disk-use.ts";
import { type Download, download } from "../support/http.ts";
import { randomFrom } from "../support/random.ts";
import { waitUntil } from "../support/wait.ts";
import { type Breakage, breakages } from "./faults.ts";
import { type Blob, type Moment, Oracle, type Outcome } from "./oracle.ts";

export interface Soak {
  /** A minimum: the soak ends once each fault occurred equally often. */
  readonly minutes: number;
  /** The same seed causes the same faults in the same order. */
  readonly seed: number;
  /** How many clients pull. @default 12 */
  readonly clients?: number;
  say(line: string): void;
}

const sizeGiB = 1;
const layerMB = 1;
const imageCount = 8;
const layersPerImage = 100;
/** This many blobs are pulled more often than all the others together. */
const hotCount = 20;
/** How long a client retries. */
const patienceMs = 90_000;
/** The time limit of the recovery after a fault, or after a part was killed. */
const recoveryMs = 60_000;
/** docs/performance.md: the goal for the whole Pod under 64 clients. */
const memoryGoalMiB = 400;
/** The number of sockets and files in progress varies by this much. */
const descriptorSpread = 200;

/** @returns the broken guarantees, and a summary in words */
export async function soak({
  minutes,
  seed,
  clients: clientCount = 12,
  say,
}: Soak): Promise<{ violations: string[]; summary: string }> {
  await using started = new AsyncDisposableStack();
  // Two generators, so that the number of pulls doesn't affect the order of the faults.
  const [random, chance] = [randomFrom(seed), randomFrom(seed + 1)];
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  say(`seed ${seed}: pushing ${imageCount * layersPerImage} blobs of ${layerMB} MB`);
  const chain = await startChain(started, {
    region: { freshnessSeconds: 5, storage: { kind: "disk", size: `${sizeGiB}GiB` } },
    hasPrometheus: true,
  });
  const blobs = await pushBlobs(chain);
  const oracle = new Oracle();
  let moment: Moment = { phase: "well", count: 0, what: "all is well" };
  const enter = (phase: Moment["phase"], what: string) => {
    moment = { phase, count: moment.count + 1, what };
  };

  const pull = async (blob: Blob) => {
    const [before, begun] = [moment, Date.now()];
    const outcome = await pullBlob(chain, blob);
    oracle.judge(blob, outcome, { before, after: moment, begun });
  };
  const hot = blobs.slice(0, hotCount);
  let ended = false;
  const client = async () => {
    while (!ended) {
      await pull(pick(random() < 0.6 ? hot : blobs));
      await sleep(100 + random() * 400);
    }
  };
  const clients = Promise.all(Array.from({ length: clientCount }, client));

  const recover = async (breakage: Breakage) => {
    enter("recovering", `after: ${breakage.name}`);
    const start = performance.now();
    try {
      let inARow = 0;
      await waitUntil(
        "cold blobs are served again",
        async () => {
          // Blobs that no client has asked for are most likely cold.
          const cold = blobs.slice(hotCount).filter(({ servedAt }) => servedAt === undefined);
          const outcome = await pullBlob(chain, pick(cold.length > 0 ? cold : blobs.slice(hotCount)));
          if (!served(outcome)) inARow = 0;
          // A cached answer says nothing about the recovery of the rest.
          else if (outcome.headers["x-cache"] !== "HIT") inARow++;
          return inARow === 5;
        },
        recoveryMs,
      );
    } catch (error) {
      oracle.violate(`${breakage.name}: ${(error as Error).message}`);
    }
    return ((performance.now() - start) / 1000).toFixed(1);
  };

  const containers = chain.cache.parts().map(({ container }) => container);
  const all = breakages(containers);
  const descriptors: number[] = [];
  // All faults in random order, then all again, so that each occurs equally often.
  let left: Breakage[] = [];
  let rounds = 0;
  for (const end = Date.now() + minutes * 60_000; Date.now() < end || left.length > 0; rounds++) {
    if (left.length === 0) left = [...all];
    const breakage = left.splice(Math.floor(chance() * left.length), 1)[0] as Breakage;
    enter(breakage.phase, breakage.name);
    {
      await using _fault = await breakage.begin(chain);
      if (breakage.phase === "edge") for (const blob of blobs) blob.servedAt = undefined;
      if (breakage.corrupts) oracle.corrupted();
      await sleep(1500 + chance() * 2500);
    }
    if (breakage.corrupts) oracle.corrupted();
    const seconds = await recover(breakage);
    enter("well", `all is well, after: ${breakage.name}`);
    await sleep(500 + chance() * 1000);
    const { memoryMiB, descriptors: open, diskMiB } = await usage(chain, containers);
    descriptors.push(open);
    if (memoryMiB > memoryGoalMiB) oracle.violate(`${memoryMiB.toFixed(0)} MiB of memory`);
    if (diskMiB > sizeGiB * 1024) oracle.violate(`${diskMiB.toFixed(0)} MiB on the disk`);
    say(
      `${breakage.name}: well after ${seconds} s; ${memoryMiB.toFixed(0)} MiB of memory, ${diskMiB.toFixed(0)} MiB on the disk, ${open} descriptors; ${oracle.pulls} pulls, ${oracle.violations.length} violations`,
    );
  }
  ended = true;
  await clients;
  for (const blob of oracle.corrupt) {
    const right = async () => {
      await pull(blob);
      return !oracle.corrupt.has(blob);
    };
    await waitUntil(`the right bytes of ${blob.digest}`, right, 70_000).catch(({ message }: Error) =>
      oracle.violate(message),
    );
  }
  if (Math.max(...descriptors) - Math.min(...descriptors) > descriptorSpread) {
    oracle.violate(`descriptors: ${descriptors.join(", ")}`);
  }
  const { pulls, served: whole, hits } = oracle;
  return {
    violations: oracle.violations,
    summary: `${rounds} faults, ${pulls} pulls, ${whole} of them served, ${hits} from the cache`,
  };
}

async function pushBlobs({ registry }: Chain): Promise<Blob[]> {
  const images = Array.from({ length: imageCount }, (_, index) => `giantswarm/soak-${index}`);
  const pushed = async (repository: string): Promise<Blob[]> => {
    const layers = Array.from({ length: layersPerImage }, () =>
      blob(mediaTypes.layer, randomBytes(layerMB * 1e6)),
    );
    await push(registry.url, artifact({ repository, tags: ["1"], layers }));
    return layers.map(({ digest }) => ({ repository, digest }));
  };
  return (await pMap(images, pushed, { concurrency: 4 })).flat();
}

async function pullBlob({ cache }: Chain, { repository, digest }: Blob): Promise<Outcome> {
  const url = new URL(`/v2/${repository}/blobs/${digest}?ns=${registryName}`, cache.url);
  const late = sleep(patienceMs, { error: `no end within ${patienceMs / 1000} s` }, { ref: false });
  try {
    return await Promise.race([download(url, { ca: cache.ca }), late]);
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

function served(outcome: Outcome): outcome is Download {
  return !("error" in outcome) && outcome.status === 200 && outcome.complete;
}

/** The use of all containers with their descendants, and of the disk. */
async function usage({ cache }: Chain, containers: readonly string[]) {
  const names = containers.map((name) => cache.container(name));
  const pids = await waitUntil("all containers run", () => mainPids(names));
  return {
    memoryMiB: await memoryMiB(pids),
    descriptors: await openDescriptors(pids),
    diskMiB: await usedMiB(cache.layout.directory),
  };
}
