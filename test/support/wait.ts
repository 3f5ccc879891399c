import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `probe` until it returns something other than undefined or false, and returns that. Between two calls, it waits as long as the last one took,
 * but at most a second, so that a probe that starts programs doesn't slow down what it waits for.
 * Throws when `timeoutMs` have passed, with `probe`'s last error as the cause if it threw.
 * @param what named in the error: "the Pod serves"
 * @param timeoutMs @default 30_000
 * @param pauseMs minimum pause after each call. @default 100
 */
export async function waitUntil<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
  pauseMs = 100,
): Promise<T> {
  let cause: unknown;
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    const began = performance.now();
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(Math.max(pauseMs, Math.min(1000, performance.now() - began)));
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}`, { cause });
}

/**
 * Repeats assertions until all of them hold. For what appears later than the answer that it is about: a line in a log, or a metric.
 * Throws as {@link waitUntil} does. The cause is the last assertion that failed.
 */
export async function untilItHolds(what: string, assertions: () => Promise<void>): Promise<void> {
  await waitUntil(what, async () => {
    await assertions();
    return true;
  });
}
