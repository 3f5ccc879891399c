/** An upstream for tests, with its own directory and port, which are removed at the end. */
import { join } from "node:path";
import type { Digest } from "../../scripts/seed/content.ts";
import { startUpstream, stopUpstream } from "../../scripts/seed/upstream.ts";
import { freePort } from "./ports.ts";
import { tempDir } from "./scope.ts";

export interface TestUpstream extends AsyncDisposable {
  /** Plain HTTP on loopback. It stays the same across restarts. */
  readonly url: URL;
  readonly configFile: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The file that holds a blob's or manifest's bytes. */
  file(digest: Digest): string;
}

/** An empty registry, started as `scripts/seed` does. Push to it with `push` or `seed`. */
export async function testUpstream(): Promise<TestUpstream> {
  const dir = await tempDir();
  const port = await freePort();
  const start = async () => {
    await startUpstream({ dir: dir.path, port });
  };
  const stop = () => stopUpstream(dir.path);
  await start();
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    configFile: join(dir.path, "config.yaml"),
    start,
    stop,
    file(digest) {
      const hex = digest.slice("sha256:".length);
      return join(dir.path, "data/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await dir[Symbol.asyncDispose]();
    },
  };
}
