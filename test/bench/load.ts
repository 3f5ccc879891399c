/** The clients: curl for bodies, so that the load takes little of the machine, and this process for headers. */
import { once } from "node:events";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

export interface Pull {
  readonly url: URL;
  /** Path of the authority's certificate; undefined for plain HTTP. */
  readonly caFile: string | undefined;
  /** Size of the body in bytes. */
  readonly size: number;
}

/**
 * Pulls with several clients at once, each on its own connection.
 * @param times that each client pulls, one after the other. @default 1
 * @returns seconds from the start of the first client to the end of the last
 * @throws Error when a pull fails or has another size
 */
export async function pullSeconds(pull: Pull, clients: number, times = 1): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, () => curl(pull, times)));
  return (performance.now() - start) / 1000;
}

async function curl({ url, caFile, size }: Pull, times: number): Promise<void> {
  const { stdout } = await execa("curl", [
    ...["--silent", "--show-error", "--fail", "--http1.1", "--max-time", "240"],
    ...(caFile === undefined ? [] : ["--cacert", caFile]),
    ...["--write-out", "%{size_download}\n"],
    ...Array.from({ length: times }, () => ["--output", "/dev/null", url.href]).flat(),
  ]);
  const sizes = stdout.split("\n").map(Number);
  if (sizes.length !== times || sizes.some((bytes) => bytes !== size)) {
    throw new Error(`${url}: ${sizes.join(", ")} bytes instead of ${times} times ${size}`);
  }
}

export interface Heads {
  readonly url: URL;
  /** PEM of the authority. */
  readonly ca: string;
  readonly accept: string;
  readonly count: number;
  /** The interval between requests, unless an answer takes longer. */
  readonly everyMs: number;
}

/** The duration of each HEAD request in ms, one after the other on one connection. */
export async function headMilliseconds(options: Heads): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: options.ca });
  const times: number[] = [];
  while (times.length < options.count) {
    const start = performance.now();
    await head(options, agent);
    const took = performance.now() - start;
    times.push(took);
    await sleep(Math.max(0, options.everyMs - took));
  }
  agent.destroy();
  return times;
}

async function head({ url, accept }: Heads, agent: Agent): Promise<void> {
  const sent = request(url, { agent, method: "HEAD", headers: { accept } }).end();
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 200) throw new Error(`HEAD ${url}: status ${response.statusCode}`);
}
