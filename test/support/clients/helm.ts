/** Helm has no mirrors, so the chart's reference names the cache itself (`oci://localhost:PORT/charts/…`). */
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

/** Pulls a chart by `oci://` with an empty client cache, and renders it with its default values. */
export async function helmTemplate(chart: string, version: string, caFile: string): Promise<string> {
  await using home = await tempDir();
  // Helm 4 caches charts by digest, and wouldn't request them from the cache again.
  const env = { HELM_CACHE_HOME: home.path, HELM_CONFIG_HOME: home.path, HELM_DATA_HOME: home.path };
  const args = ["template", "release", chart, "--version", version, "--ca-file", caFile];
  return await runClient(await ensureTool("helm"), args, { env });
}
