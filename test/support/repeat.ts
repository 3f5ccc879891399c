import { setInterval } from "node:timers/promises";

/** Starts the work periodically until it is disposed, even while earlier work runs, and after it fails. */
export function repeat(everyMs: number, work: (turn: number) => Promise<unknown>): AsyncDisposable {
  const end = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const loop = async () => {
    let turn = 0;
    for await (const _ of setInterval(everyMs, undefined, { signal: end.signal })) {
      const one = work(turn++)
        .catch(() => {})
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
  };
  const ended = loop().catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      end.abort();
      await ended;
      await Promise.all(underWay);
    },
  };
}
