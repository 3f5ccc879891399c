/** Nodes that pull all the time, as those of a cluster at work. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../../../scripts/seed/content.ts";
import { registryName } from "../chain.ts";
import type { RealNode } from "./nodes.ts";

/** Where the nodes' containerd looks for its mirrors. */
export const hostsDirectory = "/etc/containerd/certs.d";

export interface Pulling extends AsyncDisposable {
  /** Ends it, and says how many pulls there were, and of each that failed, why. */
  end(): Promise<{
    readonly ended: number;
    readonly failures: readonly string[];
    readonly slowestSeconds: number;
  }>;
}

/** Pulls by the node's containerd, and unpacks. Throws when it fails. */
export async function pull(node: RealNode, { repository, tags: [tag] }: Content): Promise<string> {
  const reference = `${registryName}/${repository}:${tag}`;
  const options = ["--hosts-dir", hostsDirectory, "--platform", "linux/amd64"];
  await node.run("ctr", ["--namespace", "pulls", "images", "pull", ...options, reference], {
    timeout: 60_000,
  });
  return reference;
}

/** Pulls and forgets one of the images after the other, on all nodes at the same time. Each node must be on. */
export function keepPulling(nodes: readonly RealNode[], images: readonly Content[]): Pulling {
  const stop = new AbortController();
  const ended: { seconds: number; failure?: string }[] = [];
  const loop = async (node: RealNode) => {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const image = images[turn % images.length] as Content;
      const began = Date.now();
      const failure = await pull(node, image).then(
        async (reference) => {
          await node.run("ctr", ["--namespace", "pulls", "images", "remove", "--sync", reference]);
          return undefined;
        },
        (error: Error) => `${node.name}: ${error.message}`,
      );
      ended.push({ seconds: (Date.now() - began) / 1000, ...(failure && { failure }) });
      await sleep(500);
    }
  };
  const loops = Promise.all(nodes.map(loop));
  const end = async () => {
    stop.abort();
    await loops;
  };
  return {
    async end() {
      await end();
      return {
        ended: ended.length,
        failures: ended.flatMap(({ failure }) => failure ?? []),
        slowestSeconds: Math.max(0, ...ended.map(({ seconds }) => seconds)),
      };
    },
    [Symbol.asyncDispose]: end,
  };
}
