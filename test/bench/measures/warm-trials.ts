import { alternate } from "../alternate.ts";
import { type Arena, pullOf } from "../arena.ts";
import { pullSeconds } from "../load.ts";
import type { Bench, Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds } from "../processes.ts";
import { progress, renderTable } from "../report.ts";
import { add, type Edit, replace, startTrialEdge, workersPerProcessor } from "../trial-edge.ts";

interface Trial {
  readonly what: string;
  readonly edits: readonly Edit[];
}

const trials: readonly Trial[] = [
  { what: "nothing changed", edits: [] },
  { what: "aio off", edits: [replace("aio threads", "aio off")] },
  {
    what: "aio off, 4 workers per processor",
    edits: [replace("aio threads", "aio off"), workersPerProcessor(4)],
  },
  { what: "4 workers per processor", edits: [workersPerProcessor(4)] },
  { what: "output_buffers 1 128k", edits: [replace("output_buffers", "output_buffers 1 128k")] },
  { what: "output_buffers 1 256k", edits: [replace("output_buffers", "output_buffers 1 256k")] },
  { what: "output_buffers 1 1m", edits: [replace("output_buffers", "output_buffers 1 1m")] },
  { what: "sendfile on", edits: [add("sendfile on")] },
  { what: "ssl_buffer_size 4k", edits: [add("ssl_buffer_size 4k")] },
  { what: "ssl_buffer_size 64k", edits: [add("ssl_buffer_size 64k")] },
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

/** A warm blob through the unchanged edge, and with one changed directive. The first trial changes nothing, so the distance of its ratio from 1 is the machine's own variation. */
export const warmTrials: Measure = {
  name: "warm-trials",
  async measure(bench) {
    const arena = await bench.arena();
    const found: Measurement[] = [];
    for (const trial of bench.quick ? trials.slice(0, 2) : trials) {
      found.push(await processorTime(bench, arena, trial));
    }
    return found;
  },
};

async function processorTime({ quick }: Bench, arena: Arena, { what, edits }: Trial): Promise<Measurement> {
  const { upstream, pod, warm } = arena;
  const { clients, times, repetitions } = quick
    ? { clients: 2, times: 1, repetitions: 1 }
    : { clients: 4, times: 1, repetitions: 9 };
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
  const measurement = {
    what: `trial, warm blob over TLS: ${what}`,
    unit: "s/GB",
    series: series("cpuSecondsPerGB"),
  };
  progress(renderTable([measurement]));
  return measurement;
}
