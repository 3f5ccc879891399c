/** A temporary copy of a stack's file with other values. The file itself doesn't change. */
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { namespace } from "../../components/config/schema.ts";

/** Values by key of a region. */
export type RegionKeys = Readonly<Record<string, unknown>>;

/**
 * @param regions the values for each region of the file
 * @returns arguments for the engine. They are invalid after the directory is removed.
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
