import { execa } from "execa";
import { alternate } from "../alternate.ts";
import { type Arena, pullOf } from "../arena.ts";
import type { Contestant } from "../contestants.ts";
import { headMilliseconds, pullSeconds } from "../load.ts";
import type { Bench, Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds } from "../processes.ts";
import { progress } from "../report.ts";
import { percentile } from "../statistics.ts";
import { add, type Edit, replace, startTrialEdge } from "../trial-edge.ts";

/** With `slowDisk`, the trial is also about what waits while the disk is slow. */
interface Trial {
  readonly what: string;
  readonly edits: readonly Edit[];
  readonly slowDisk?: boolean;
}

const trials: readonly Trial[] = [
  { what: "nothing changed", edits: [], slowDisk: true },
  { what: "aio off", edits: [replace("aio threads", "aio off")], slowDisk: true },
  {
    what: "aio off, 4 workers per processor",
    edits: [replace("aio threads", "aio off"), workersPerProcessor(4)],
    slowDisk: true,
  },
  { what: "4 workers per processor", edits: [workersPerProcessor(4)] },
  { what: "output_buffers 1 128k", edits: [replace("output_buffers", "output_buffers 1 128k")] },
  { what: "output_buffers 1 256k", edits: [replace("output_buffers", "output_buffers 1 256k")] },
  { what: "output_buffers 1 1m", edits: [replace("output_buffers", "output_buffers 1 1m")] },
  { what: "output_buffers 1 2m", edits: [replace("output_buffers", "output_buffers 1 2m")] },
  { what: "output_buffers 2 512k", edits: [replace("output_buffers", "output_buffers 2 512k")] },
  { what: "sendfile on", edits: [add("sendfile on")] },
  { what: "ssl_buffer_size 4k", edits: [add("ssl_buffer_size 4k")] },
  { what: "ssl_buffer_size 64k", edits: [add("ssl_buffer_size 64k")] },
  { what: "ssl_buffer_size 512k", edits: [add("ssl_buffer_size 512k")] },
  { what: "directio 4m", edits: [add("directio 4m")] },
  { what: "reuseport", edits: [(config) => config.replace(/( ssl) (backlog)/, "$1 reuseport $2")] },
  {
    what: "4 threads per worker",
    edits: [(config) => `thread_pool few threads=4;\n${config}`, replace("aio threads", "aio threads=few")],
  },
  {
    what: "AES-128 before AES-256",
    edits: [
      add(
        "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
        "ssl_prefer_server_ciphers on",
      ),
    ],
  },
];

/**
 * A warm blob by the edge as it stands, and with one directive changed. The first trial changes nothing: how far its ratio is from 1 is what the machine
 * does by itself.
 */
export const warmTrials: Measure = {
  name: "warm-trials",
  async measure(bench) {
    const arena = await bench.arena();
    const found: Measurement[] = [];
    for (const trial of bench.quick ? trials.slice(0, 2) : trials) {
      found.push(await processorTime(bench, arena, trial));
      if (trial.slowDisk) found.push(await waitsForDisk(bench, arena, trial));
    }
    return found;
  },
};

async function processorTime({ quick }: Bench, arena: Arena, { what, edits }: Trial): Promise<Measurement> {
  const { upstream, pod, warm } = arena;
  const { clients, times, repetitions } = quick
    ? { clients: 2, times: 1, repetitions: 1 }
    : { clients: 4, times: 2, repetitions: 15 };
  await using changed = await startTrialEdge(pod, { edits });
  await using unchanged = await startTrialEdge(pod, {});
  const contestants = [changed, { ...unchanged, name: "unchanged" as const }];
  for (const contestant of contestants) await pullSeconds(pullOf(contestant, upstream, warm), 1);
  const series = await alternate({
    what: `warm blob, ${what}`,
    contestants,
    repetitions,
    async measure(contestant) {
      const before = await cpuSeconds(contestant.processes);
      await pullSeconds(pullOf(contestant, upstream, warm), clients, times);
      const used = (await cpuSeconds(contestant.processes)) - before;
      return { cpuSecondsPerGB: used / ((warm.size * clients * times) / 1e9) };
    },
  });
  return {
    what: `trial, warm blob over TLS: ${what}`,
    unit: "s/GB",
    series: series("cpuSecondsPerGB"),
  };
}

const diskRate = "100mb";

/** The slowest percentile of requests that need no disk, on connections of their own, while clients pull what isn't in memory. */
async function waitsForDisk({ quick }: Bench, arena: Arena, { what, edits }: Trial): Promise<Measurement> {
  const { upstream, pod, warm } = arena;
  const rounds = quick ? 1 : 3;
  await using edge = await startTrialEdge(pod, { edits, diskRate });
  await pullSeconds(pullOf(edge, upstream, warm), 1);
  const slowest: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`slow disk, ${what}: ${round} of ${rounds}`);
    await forget(edge.files);
    const pulled = pullSeconds(pullOf(edge, upstream, warm), 8);
    const pings = await Promise.all(Array.from({ length: 8 }, () => ping(edge)));
    await pulled;
    slowest.push(percentile(pings.flat(), 99));
  }
  return {
    what: `trial, disk of ${diskRate}/s, unrelated requests, p99: ${what}`,
    unit: "ms",
    series: { pod: slowest },
  };
}

function ping({ url, ca = "" }: Contestant): Promise<number[]> {
  return headMilliseconds({ url: new URL("/v2/", url), ca, accept: "*/*", count: 40, everyMs: 40 });
}

/** Has the kernel drop its copies of all files of a directory. */
async function forget(directory: string): Promise<void> {
  await execa("sync");
  await execa("find", [
    ...[directory, "-type", "f", "-size", "+1M"],
    ...["-exec", "dd", "if={}", "iflag=nocache", "count=0", "status=none", ";"],
  ]);
}

function workersPerProcessor(count: number): Edit {
  return (config) =>
    config.replace(/^worker_processes (\d+);$/m, (_, now) => `worker_processes ${Number(now) * count};`);
}
