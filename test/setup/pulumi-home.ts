import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineEnvironment } from "../../scripts/setup/engine.ts";

/**
 * Lets the engine write no logs in a home of Pulumi's. At each command it writes one of all that it does, up to ten megabytes when they are compressed and encrypted,
 * which takes it as much processor time as all the rest; and no setting turns that off.
 */
export async function forbidLogs(home: string): Promise<void> {
  const logs = join(home, "logs");
  // Where it can't make the folder, it goes on without.
  await writeFile(logs, "").catch(async ({ code }) => {
    if (code !== "EISDIR") throw new Error(`${logs}: ${code}`);
    await rm(logs, { recursive: true, force: true });
    await writeFile(logs, "");
  });
}

/** Node's collector runs less often: less processor time of the engine's programs, for more memory. */
export const lazyCollector = () => ({
  NODE_OPTIONS: `${engineEnvironment().NODE_OPTIONS} --max-semi-space-size=64`,
});
