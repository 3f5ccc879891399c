import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineEnvironment } from "../../scripts/engine/environment.ts";

/**
 * Stops the engine from writing logs in a Pulumi home. By default, each command logs everything that it does, up to ten megabytes, compressed and
 * encrypted. This takes as much processor time as the rest of the command, and no setting turns it off.
 */
export async function forbidLogs(home: string): Promise<void> {
  const logs = join(home, "logs");
  // Where the engine can't create the folder, it continues without logs.
  await writeFile(logs, "").catch(async ({ code }) => {
    if (code !== "EISDIR") throw new Error(`${logs}: ${code}`);
    await rm(logs, { recursive: true, force: true });
    await writeFile(logs, "");
  });
}

/** Node's garbage collector runs less often, which saves processor time of the engine's programs and takes more memory. */
export const lazyCollection = "--max-semi-space-size=64";

export const lazyCollector = () => ({
  NODE_OPTIONS: `${engineEnvironment().NODE_OPTIONS} ${lazyCollection}`,
});
