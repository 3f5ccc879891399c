/** What BuildKit reads its buildkitd.toml and pulls with, as a program. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

/** Pulls an image of one platform by a buildkitd.toml. @returns digests of the manifest, the configuration and the layers */
export async function buildkitPull(buildkitdToml: string, reference: string): Promise<string[]> {
  return (await runClient(await ensureTool("buildkit-pull"), [buildkitdToml, reference])).split("\n");
}
