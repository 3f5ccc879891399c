/** Everything that a machine gets, unpacked as files to review. Copies of the project's source files are left out. */
import { gunzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import type { Bundle } from "../../components/hosts/podman/bundle.ts";

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
}

/** Texts by path. `cloud-config.yaml` is the user data without the contents of the files that it writes. These are in `files`, by their paths on the machine. The Pod's are in `pod`. */
export function machineFiles(userData: Uint8Array, pod: Bundle): Record<string, string> {
  const { write_files: written, ...rest }: CloudConfig = parse(gunzipSync(userData).toString());
  const outline = written.map(({ content: _, ...file }) => file);
  const files = Object.fromEntries([
    ...written.map(({ path, content }) => [`files${path}`, content] as const),
    ...Object.entries(pod).map(([path, content]) => [`pod/${path}`, withoutRevisions(content)] as const),
  ]);
  return {
    "cloud-config.yaml": `#cloud-config\n${stringify({ ...rest, write_files: outline })}`,
    ...Object.fromEntries(
      Object.entries(files).filter(([path]) => !/(?:\.sh|\.html|\/cloud|pod\/registry-cache)$/.test(path)),
    ),
  };
}

/** Removes digests of scripts, which every change of a script changes. */
function withoutRevisions(content: string): string {
  return content.replaceAll(/(?<=-)[0-9a-f]{12}\b/g, "…");
}
