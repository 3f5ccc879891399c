import { setInterval } from "node:timers/promises";

/** Begins the work again and again, whether the last is done or fails or not, until disposed of. */
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
