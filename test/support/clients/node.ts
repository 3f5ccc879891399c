/** Real clients that pull images, with the cache's configuration or directly, and measure the time. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "smol-toml";
import type { ClientConfiguration } from "../../../components/clients/clients.ts";
import type { Content } from "../../../scripts/seed/content.ts";
import { registryName } from "../chain.ts";
import { digestsOf } from "../content.ts";
import { tempDir } from "../scope.ts";
import { type ContainerdRelease, startContainerd } from "./containerd.ts";
import { writeHostsDir } from "./hosts-dir.ts";
import { podmanClient } from "./podman.ts";

/** The stack outputs that these clients read. */
export type NodeConfiguration = Pick<ClientConfiguration, "containerd" | "registriesConf">;

export interface Node extends AsyncDisposable {
  readonly name: string;
  /** Pulls an image into an empty store. @returns milliseconds. Throws unless the store has the whole image */
  pull(image: Content, configuration: NodeConfiguration): Promise<number>;
}

/** The configuration of a node without a cache. */
export function withoutCache(upstream: URL): NodeConfiguration {
  const registry = { prefix: registryName, location: upstream.host, insecure: true };
  return {
    containerd: { [registryName]: stringify({ server: upstream.origin }) },
    registriesConf: stringify({ registry: [registry] }),
  };
}

export async function containerdNode(release: ContainerdRelease): Promise<Node> {
  const containerd = await startContainerd(release);
  return {
    name: `containerd ${release}`,
    async pull(image, configuration) {
      await using hosts = await tempDir();
      await writeHostsDir(hosts.path, configuration);
      await containerd.removeAll();
      const ms = await timed(() => containerd.pull(nameOf(image), { hostsDir: hosts.path }));
      assert.deepEqual(new Set(await containerd.content()), digestsOf(image));
      return ms;
    },
    [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose](),
  };
}

/** @param caFile PEM of the cache's authority, because podman's configuration can't name it */
export async function podmanNode(caFile: string): Promise<Node> {
  const podman = await podmanClient();
  return {
    name: "podman",
    async pull(image, { registriesConf: text }) {
      await using directory = await tempDir();
      const registriesConf = join(directory.path, "registries.conf");
      await writeFile(registriesConf, text);
      await podman.removeAll();
      return await timed(() => podman.pull(nameOf(image), { registriesConf, caFile }));
    },
    [Symbol.asyncDispose]: () => podman[Symbol.asyncDispose](),
  };
}

function nameOf({ repository, tags: [tag] }: Content): string {
  return `${registryName}/${repository}:${tag}`;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
