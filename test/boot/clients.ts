import { setTimeout as sleep } from "node:timers/promises";
import type { Surroundings } from "./surroundings.ts";

/** Pause between a client's requests. Each request has its own connection, and the machine's only processor serves all of them. */
const pauseMs = 3000;

/** Clients that repeatedly request what the upstream's tag refers to. @param ca PEM of the authority that they trust */
export function clients(around: Surroundings, ca: string, count: number) {
  const failures: string[] = [];
  let answers = 0;
  let stopped = false;
  const one = async () => {
    while (!stopped) {
      const said = await around.get(443, around.tagPath, ca).then(({ status }) => `status ${status}`, String);
      if (said !== "status 200") failures.push(said);
      answers += 1;
      await sleep(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: count }, one));
  /** @returns the number of requests, and the errors of failed ones */
  const stop = async () => {
    stopped = true;
    await all;
    return { answers, failures };
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
