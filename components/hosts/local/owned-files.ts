import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { podUser } from "../../pod/pod.ts";
import { podman } from "./podman.ts";

/**
 * Files of this machine that belong to the Pod's user. Rootless podman maps that user to one of the caller's subordinate ids. There, the
 * owner must be changed inside podman's user namespace.
 */
const asRoot = process.getuid?.() === 0;

/** Creates a directory, with its parents, that only the Pod's user can read and write. */
export async function makeOwnedDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await change("chmod", "0700", path);
  await change("chown", `${podUser}:${podUser}`, path);
}

/** Creates a directory, with its parents. Whatever the umask, the Pod's user can read this directory itself. */
export async function makeOpenDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

/** Gives a file to the Pod's user. Only that user can read it. */
export async function giveFile(path: string): Promise<void> {
  await change("chmod", "0400", path);
  await change("chown", `${podUser}:${podUser}`, path);
}

/** Atomically replaces a file that only the Pod's user can read: readers see either the old file or the new one. */
export async function writeOwnedFile(path: string, content: string): Promise<void> {
  await makeOpenDirectory(dirname(path));
  const draft = join(dirname(path), `.${basename(path)}`);
  await rm(draft, { force: true });
  await writeFile(draft, content, { mode: 0o600 });
  await giveFile(draft);
  await rename(draft, path);
}

/** Removes files, whoever owns them. */
export async function removeOwned(path: string): Promise<void> {
  if (asRoot) await rm(path, { recursive: true, force: true });
  else await podman(["unshare", "rm", "-rf", path]);
}

async function change(program: "chmod" | "chown", value: string, path: string): Promise<void> {
  if (asRoot) await execa(program, [value, path]);
  else await podman(["unshare", program, value, path]);
}
