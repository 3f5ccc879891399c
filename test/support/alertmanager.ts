/** A real Alertmanager, and the alerts that have reached it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { ensureTool } from "../setup/go-tools.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";

/** A firing alert: https://github.com/prometheus/alertmanager/blob/v0.34.2/api/v2/openapi.yaml */
export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface TestAlertmanager extends AsyncDisposable {
  readonly url: URL;
  firing(): Promise<FiringAlert[]>;
}

export async function startAlertmanager(): Promise<TestAlertmanager> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await tempDir());
  const configFile = join(dir.path, "alertmanager.yml");
  await writeFile(configFile, stringify({ route: { receiver: "nobody" }, receivers: [{ name: "nobody" }] }));
  const address = `127.0.0.1:${await freePort()}`;
  const url = new URL(`http://${address}`);
  parts.use(
    await startProcess(
      await ensureTool("alertmanager"),
      [
        `--config.file=${configFile}`,
        `--storage.path=${join(dir.path, "data")}`,
        `--web.listen-address=${address}`,
        // Not in a cluster with others.
        "--cluster.listen-address=",
      ],
      { logFile: join(dir.path, "log") },
    ),
  );
  await waitUntil("Alertmanager is ready", async () => (await fetch(new URL("/-/ready", url))).ok);
  const all = parts.move();
  return {
    url,
    async firing() {
      const answer = await fetch(new URL("/api/v2/alerts?active=true", url));
      return (await answer.json()) as FiringAlert[];
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
