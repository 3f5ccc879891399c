/** What the ways to set a node up write there. */
import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

/** Content by path. */
export type Files = Readonly<Record<string, string>>;

/** By Ignition's or Cluster API's own types. @throws ClientError for what they don't take */
export async function filesOf(kind: "ignition" | "kubeadm", configuration: object): Promise<Files> {
  await using directory = await tempDir();
  const file = join(directory.path, "configuration.json");
  await writeFile(file, JSON.stringify(configuration));
  return JSON.parse(await runClient(await ensureTool("node-files"), [kind, file]));
}

/**
 * By the shell part of user data in MIME parts, run with another directory in the place of `/`. What it says of other files stays as it is.
 * https://cloudinit.readthedocs.io/en/latest/explanation/format.html#mime-multi-part-archive
 */
export async function filesByUserData(userData: string, root: string): Promise<Files> {
  const [head = "", part = "", end] = userData.split(/^--registry-cache(?:--)?\n/m);
  if (!/^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="registry-cache"\n\n$/.test(head))
    throw new Error(`not MIME: ${head}`);
  const [, script] = part.match(/^Content-Type: text\/x-shellscript; charset="us-ascii"\n\n(#!.*)$/s) ?? [];
  if (script === undefined || end !== "") throw new Error(`not one shell part: ${part}`);
  await execa("sh", [], { input: script.replaceAll("/dev/stdin '/", `/dev/stdin '${root}/`) });
  const paths = globSync("**/*", { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) => [path.slice(root.length), await readFile(path, "utf8")];
  return Object.fromEntries(await Promise.all(paths.map(read)));
}
