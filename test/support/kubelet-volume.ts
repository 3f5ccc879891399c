import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

let count = 0;

/**
 * Writes the files of a ConfigMap or a Secret into a Pod's volume as kubelet does, at first and after each change: each file is a link through
 * `..data`. This link changes to the directory of the new files, so all of them appear at once.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/volume/util/atomic_writer.go
 */
export async function writeVolume(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  const data = join(directory, "..data");
  const before = await readlink(data).catch(() => undefined);
  const version = `..version_${++count}`;
  await mkdir(join(directory, version));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, version, name), text);
  await symlink(version, `${data}_tmp`);
  await rename(`${data}_tmp`, data);
  const links = await readdir(directory);
  for (const name of Object.keys(files).filter((it) => !links.includes(it))) {
    await symlink(join("..data", name), join(directory, name));
  }
  if (before !== undefined) await rm(join(directory, before), { recursive: true });
}
