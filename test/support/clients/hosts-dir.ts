import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientConfiguration } from "../../../components/clients/clients.ts";

/** Writes the stack output for containerd as on a node, in this directory instead of `/etc/containerd/certs.d`. */
export async function writeHostsDir(
  directory: string,
  { containerd }: Pick<ClientConfiguration, "containerd">,
): Promise<void> {
  for (const [registry, hostsToml] of Object.entries(containerd)) {
    await mkdir(join(directory, registry), { recursive: true });
    await writeFile(join(directory, registry, "hosts.toml"), hostsToml);
  }
}
