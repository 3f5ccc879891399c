/** A stack's file with other values, beside it: the file itself stays as it is. */
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { namespace } from "../../components/config/schema.ts";

/** Values by the key of a region. */
export type RegionKeys = Readonly<Record<string, unknown>>;

/**
 * @param regions for each region of the file
 * @returns arguments for the engine. With the directory gone, they mean nothing.
 */
export async function changedFile(
  file: string,
  regions: readonly RegionKeys[],
): Promise<{ readonly args: readonly string[] } & AsyncDisposable> {
  const document = parseDocument(await readFile(file, "utf8"));
  for (const [index, keys] of regions.entries())
    for (const [key, value] of Object.entries(keys))
      document.setIn(["config", `${namespace}:regions`, index, key], value);
  const directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-accept-"));
  const changed = join(directory.path, "Pulumi.changed.yaml");
  await writeFile(changed, document.toString(), { mode: 0o600 });
  return { args: ["--config-file", changed], [Symbol.asyncDispose]: () => directory.remove() };
}
