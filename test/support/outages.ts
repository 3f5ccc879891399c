/** The ways in which an upstream fails. Each lasts until it is disposed. */
import type { FaultProxy } from "./fault-proxy.ts";

export const outages = {
  stopped: async (proxy: FaultProxy): Promise<AsyncDisposable> => {
    await proxy.stopListening();
    return { [Symbol.asyncDispose]: () => proxy.listen() };
  },
  "answering 500": (proxy: FaultProxy) => injected(proxy, { kind: "status", status: 500 }),
  "answering 429": (proxy: FaultProxy) =>
    injected(proxy, { kind: "status", status: 429, headers: { "retry-after": "60" } }),
  "black-holed": (proxy: FaultProxy) => injected(proxy, { kind: "black-hole" }),
};

async function injected(
  proxy: FaultProxy,
  fault: Parameters<FaultProxy["inject"]>[0],
): Promise<AsyncDisposable> {
  const injection = proxy.inject(fault);
  return { [Symbol.asyncDispose]: async () => injection.remove() };
}
