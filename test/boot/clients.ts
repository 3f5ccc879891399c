import { setTimeout as sleep } from "node:timers/promises";
import type { Surroundings } from "./surroundings.ts";

/** Between two requests of a client: each is a connection of its own, and the machine has one processor for all of them. */
const pauseMs = 3000;

/** Clients that ask for what the upstream's tag leads to, again and again. @param ca PEM of the authority that they trust */
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
  /** @returns how many requests there were, and what was said to those that failed */
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
