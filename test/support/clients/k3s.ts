/** A program with the code by which k3s and RKE2 read their registries.yaml, and pull. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

/** Pulls an image for linux/amd64 with a registries.yaml. @returns digests of the manifest, the configuration and the layers */
export async function k3sPull(registriesYaml: string, reference: string): Promise<string[]> {
  return (await runClient(await ensureTool("k3s-pull"), [registriesYaml, reference])).split("\n");
}
