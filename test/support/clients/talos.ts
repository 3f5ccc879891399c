/** A program with Talos's own code for machine configurations. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

export interface TalosRegistries {
  /** Endpoints in order, by registry. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** PEM of the authorities, by the endpoint's host and port. */
  readonly authorities: Readonly<Record<string, string>>;
}

/** A machine's configuration before the patch: the smallest one that Talos accepts. */
export const talosMachine = `
version: v1alpha1
machine:
  type: worker
  ca: { crt: "", key: "" }
cluster:
  controlPlane: { endpoint: "https://192.0.2.1:6443" }
`;

/** A machine's registries after `talosctl patch machineconfig`. @param machine its configuration before. @throws ClientError when Talos refuses the patch */
export async function talosRegistries(patch: string, machine = talosMachine): Promise<TalosRegistries> {
  await using directory = await tempDir();
  const [config, patchFile] = [join(directory.path, "config.yaml"), join(directory.path, "patch.yaml")];
  await writeFile(config, machine);
  await writeFile(patchFile, patch);
  return JSON.parse(await runClient(await ensureTool("talos-registries"), [config, patchFile]));
}
