/** What k3s and RKE2 read their registries.yaml with, as a program. */
import { ensureTool } from "../../setup/go-tools.ts";
import { runClient } from "./run.ts";

/** Pulls an image for linux/amd64 by a registries.yaml. @returns digests of the manifest, the configuration and the layers */
export async function k3sPull(registriesYaml: string, reference: string): Promise<string[]> {
  return (await runClient(await ensureTool("k3s-pull"), [registriesYaml, reference])).split("\n");
}
