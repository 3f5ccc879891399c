import { once } from "node:events";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { alternate } from "../alternate.ts";
import { pullOf } from "../arena.ts";
import type { Contestant } from "../contestants.ts";
import { headMilliseconds } from "../load.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";
import { cpuSeconds, memoryMiB, openDescriptors } from "../processes.ts";
import { progress } from "../report.ts";
import { percentile } from "../statistics.ts";

/** New TLS connections, and many open ones, compared with nginx alone. The bench and each contestant need a file descriptor per connection. */
export const connections: Measure = {
  name: "connections",
  async measure(bench) {
    const { upstream, pod, limit, warm } = await bench.arena();
    const { count, seconds, repetitions } = bench.quick
      ? { count: 200, seconds: 1, repetitions: 1 }
      : { count: 10_000, seconds: 5, repetitions: 9 };
    const series = await alternate({
      what: "TLS handshakes",
      contestants: [pod, limit],
      repetitions,
      async measure(contestant) {
        const before = await cpuSeconds(contestant.processes);
        const done = await handshakes(contestant, seconds);
        const used = (await cpuSeconds(contestant.processes)) - before;
        return { perSecond: done / seconds, perProcessorSecond: done / used };
      },
    });
    const found: Measurement[] = [
      { what: "TLS handshakes, one client", unit: "per s", series: series("perSecond") },
      {
        what: "TLS handshakes",
        unit: "per s of a processor",
        series: series("perProcessorSecond"),
        goal: { atLeast: 1000 },
      },
    ];
    const paths = { pod: "/v2/", limit: pullOf(limit, upstream, warm).url.pathname };
    const opened = {
      pod: await hold(pod, paths.pod, count),
      limit: await hold(limit, paths.limit, count),
    };
    const of = (value: keyof Held) => ({ pod: [opened.pod[value]], limit: [opened.limit[value]] });
    const what = `${count.toLocaleString("en")} open connections`;
    return [
      ...found,
      { what: `${what}: open at the end`, unit: "", series: of("open"), goal: { atLeast: count } },
      { what: `${what}: memory of each`, unit: "KiB", series: of("memoryKiB") },
      { what: `${what}: answer to another one, p99`, unit: "ms", series: of("otherMs") },
    ];
  },
};

/** The number of full handshakes, one after the other. */
async function handshakes({ url, caFile = "" }: Contestant, seconds: number): Promise<number> {
  const { stdout } = await execa("openssl", [
    ...["s_time", "-new", "-time", String(seconds), "-connect", url.host, "-CAfile", caFile],
  ]);
  const count = Number(/^(\d+) connections in \d+ real seconds/m.exec(stdout)?.[1]);
  if (!(count > 0)) throw new Error(`openssl s_time: ${stdout}`);
  return count;
}

interface Held {
  readonly open: number;
  readonly memoryKiB: number;
  readonly otherMs: number;
}

/** Opens connections with a request each, and keeps them open. It uses several addresses, because the edge limits the connections of one. */
async function hold(
  { name, url, ca = "", processes }: Contestant,
  path: string,
  count: number,
): Promise<Held> {
  progress(`${count} connections: ${name}`);
  const target = new URL(path, url);
  const before = { memory: await memoryMiB(processes), descriptors: await openDescriptors(processes) };
  const agents = [2, 3, 4].map(
    (last) =>
      new Agent({
        keepAlive: true,
        ca,
        localAddress: `127.0.0.${last}`,
        maxSockets: Number.POSITIVE_INFINITY,
      }),
  );
  try {
    const atOnce = 100;
    const all = Array.from({ length: count }, (_, index) => agents[index % agents.length]);
    for (let first = 0; first < count; first += atOnce) {
      // The agent would reuse an idle connection for the next request. No connection is idle while its answer is unread.
      const batch = all.slice(first, first + atOnce).map(async (agent) => {
        const sent = request(target, {
          agent,
          method: "HEAD",
          host: "127.0.0.1",
          servername: "localhost",
        }).end();
        await once(sent, "response");
      });
      await Promise.all(batch);
    }
    const other = await headMilliseconds({ url: target, ca, accept: "*/*", count: 100, everyMs: 10 });
    await sleep(500);
    const open = (await openDescriptors(processes)) - before.descriptors;
    const memoryKiB = (((await memoryMiB(processes)) - before.memory) * 1024) / count;
    return { open: Math.min(open, count), memoryKiB, otherMs: percentile(other, 99) };
  } finally {
    for (const agent of agents) agent.destroy();
  }
}
