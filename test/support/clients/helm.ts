/** Helm knows no mirrors: the chart's reference names the cache itself (`oci://localhost:PORT/charts/…`). */
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

/** Pulls a chart by `oci://` with nothing kept from earlier pulls, and renders it with its default values. */
export async function helmTemplate(chart: string, version: string, caFile: string): Promise<string> {
  await using home = await tempDir();
  // helm 4 keeps pulled charts by digest, and would not ask the cache again.
  const env = { HELM_CACHE_HOME: home.path, HELM_CONFIG_HOME: home.path, HELM_DATA_HOME: home.path };
  const args = ["template", "release", chart, "--version", version, "--ca-file", caFile];
  return await runClient(await ensureTool("helm"), args, { env });
}
