/** Nodes that pull continuously, like those of a busy cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../../../scripts/seed/content.ts";
import { registryName } from "../chain.ts";
import type { RealNode } from "./nodes.ts";

/** The directory of the mirror configuration for the nodes' containerd. */
export const hostsDirectory = "/etc/containerd/certs.d";

export interface Pulling extends AsyncDisposable {
  /** Stops the pulls. Returns their number, the error of each that failed, and the duration of the slowest. */
  end(): Promise<{
    readonly ended: number;
    readonly failures: readonly string[];
    readonly slowestSeconds: number;
  }>;
}

/** Pulls with the node's containerd, and unpacks. Throws on failure. */
export async function pull(node: RealNode, { repository, tags: [tag] }: Content): Promise<string> {
  const reference = `${registryName}/${repository}:${tag}`;
  const options = ["--hosts-dir", hostsDirectory, "--platform", "linux/amd64"];
  await node.run("ctr", ["--namespace", "pulls", "images", "pull", ...options, reference], {
    timeout: 60_000,
  });
  return reference;
}

/** Pulls and removes one image after the other, on all nodes at the same time. All nodes must be running. */
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
