/** The files that the ways of setting a node up write. */
import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureTool } from "../../setup/go-tools.ts";
import { tempDir } from "../scope.ts";
import { runClient } from "./run.ts";

/** Content by path. */
export type Files = Readonly<Record<string, string>>;

/** Reads a configuration with Ignition's or Cluster API's own types. @throws ClientError if they refuse it */
export async function filesOf(kind: "ignition" | "kubeadm", configuration: object): Promise<Files> {
  await using directory = await tempDir();
  const file = join(directory.path, "configuration.json");
  await writeFile(file, JSON.stringify(configuration));
  return JSON.parse(await runClient(await ensureTool("node-files"), [kind, file]));
}

/**
 * Runs the shell part of user data in MIME parts, with `root` in place of `/`. cloud-init also uses Python's parser.
 * https://cloudinit.readthedocs.io/en/latest/explanation/format.html#mime-multi-part-archive
 */
export async function filesByUserData(userData: string, root: string): Promise<Files> {
  const script = await partOf(userData, "text/x-shellscript");
  await execa("sh", [], { input: script.replaceAll("/dev/stdin '/", `/dev/stdin '${root}/`) });
  const paths = globSync("**/*", { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) => [path.slice(root.length), await readFile(path, "utf8")];
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

/** The only part of this type. */
export async function partOf(userData: string, type: string): Promise<string> {
  const program = `
import email, sys
[part] = [part for part in email.message_from_file(sys.stdin).walk() if part.get_content_type() == sys.argv[1] and not part.defects]
sys.stdout.write(part.get_payload())`;
  return (await execa("python3", ["-c", program, type], { input: userData, stripFinalNewline: false }))
    .stdout;
}
