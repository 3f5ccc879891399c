/** A program with BuildKit's own code that reads a buildkitd.toml, and pulls. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

/** Pulls an image for one platform with a buildkitd.toml. @returns digests of the manifest, the configuration and the layers */
export async function buildkitPull(buildkitdToml: string, reference: string): Promise<string[]> {
  return (await runClient(await ensureTool("buildkit-pull"), [buildkitdToml, reference])).split("\n");
}
