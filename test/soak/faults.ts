/** The faults of a soak. Each lasts until it is disposed. */
import { mainPid } from "../support/cache-containers.ts";
import type { Chain } from "../support/chain.ts";
import type { Fault } from "../support/fault-proxy.ts";
import { waitUntil } from "../support/wait.ts";
import type { Phase } from "./oracle.ts";

export interface Breakage {
  readonly name: string;
  readonly phase: Phase;
  /** Whether the upstream sends wrong bytes of the right length. */
  readonly corrupts?: true;
  begin(chain: Chain): Promise<AsyncDisposable>;
}

const upstreamFaults: Readonly<Record<string, Fault>> = {
  "the upstream answers 503": { kind: "status", status: 503 },
  "the upstream answers 429": { kind: "status", status: 429, headers: { "retry-after": "60" } },
  "the upstream denies that it has it": { kind: "status", status: 404 },
  "the upstream hangs": { kind: "black-hole" },
  "the upstream is far": { kind: "latency", ms: 1500 },
  "the upstream is slow": { kind: "throttle", bytesPerSecond: 300_000 },
  "the upstream breaks off": { kind: "truncate", bytes: 100_000 },
  "the upstream sends wrong bytes": { kind: "corrupt" },
};

const none: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

/** @param containers of the Pod */
export function breakages(containers: readonly string[]): Breakage[] {
  const upstream = Object.entries(upstreamFaults).map(
    ([name, fault]): Breakage => ({
      name,
      phase: "upstream",
      ...(fault.kind === "corrupt" && { corrupts: true }),
      async begin({ proxy }) {
        const injection = proxy.inject(fault);
        return { [Symbol.asyncDispose]: async () => injection.remove() };
      },
    }),
  );
  const reset: Breakage = {
    name: "the upstream resets connections",
    phase: "upstream",
    async begin({ proxy }) {
      await proxy.stopListening();
      return { [Symbol.asyncDispose]: () => proxy.listen() };
    },
  };
  const kills = containers.map(
    (container): Breakage => ({
      name: `${container} is killed`,
      phase: container === "edge" ? "edge" : container.startsWith("origin-") ? "upstream" : "well",
      async begin({ cache }) {
        const pid = await waitUntil(`${container} runs`, () => mainPid(cache.container(container)));
        process.kill(pid, "SIGKILL");
        return none;
      },
    }),
  );
  return [...upstream, reset, ...kills];
}
