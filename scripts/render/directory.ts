/** Writes into a directory that others use, too. Files of an earlier run are recognized by their first line. */
import { globSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Problem } from "../../components/config/problems.ts";
import type { Rendered } from "./files.ts";

/** The files that a run changes. Paths are relative to the directory. */
export interface Changes {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** The planned changes. Finding them changes nothing. */
export interface Draft {
  /** Existing files that aren't from an earlier run, and Namespaces that a region which stays would lose. */
  readonly problems: readonly Problem[];
  /** Writes changed files, and removes those that the stack no longer has. */
  apply(): Promise<Changes>;
}

export async function draft(directory: string, stack: string, { what, files }: Rendered): Promise<Draft> {
  // Later versions recognize files of earlier ones by this line, so it must never change.
  const mark = `# ${what} of the stack ${stack}, by \`npm run render\`. Change its configuration, not this file.\n`;
  const wanted = Object.entries(files).map(([path, text]) => [path, `${mark}${text}`] as const);
  const present = await textsBelow(directory);
  // A run that was killed leaves a part behind: see writeWhole().
  const isOwn = (path: string) =>
    present.get(path)?.startsWith(mark) || wanted.some(([own]) => path === `${own}.part`);
  const stays = (path: string) =>
    files[path] !== undefined || files[join(dirname(path), "kustomization.yaml")] !== undefined;
  const refused = (isRefused: (path: string) => boolean, message: string) =>
    [...present.keys()].filter(isRefused).map((path) => ({ path: join(directory, path), message }));
  return {
    problems: [
      ...refused(
        (path) => files[path] !== undefined && !isOwn(path),
        `already exists and isn't of the stack ${stack}: move it, or choose another directory`,
      ),
      ...refused(
        (path) =>
          isOwn(path) &&
          !isPart(path) &&
          stays(path) &&
          hasNamespace(present.get(path)) &&
          !hasNamespace(files[path]),
        "must keep the Namespace, which the controller would delete with the cache in it: leave `namespace.create: true`, or see docs/gitops.md#keep-the-namespace",
      ),
    ],
    async apply() {
      const written = wanted.filter(([path, text]) => present.get(path) !== text);
      const removed = [...present.keys()].filter((path) => isOwn(path) && files[path] === undefined);
      for (const [path, text] of written) {
        await writeWhole(join(directory, path), text);
      }
      for (const path of removed) await rm(join(directory, path), { force: true });
      for (const parent of new Set(removed.map(dirname))) await removeEmpty(directory, parent);
      return { written: written.map(([path]) => path), removed };
    },
  };
}

const isPart = (path: string) => path.endsWith(".part");
const hasNamespace = (text = "") => /^ *kind: Namespace$/m.test(text);

/** Writes a file atomically. Otherwise, a half-written file of a run that was killed or had no space wouldn't be recognized as the stack's. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // The name doesn't end in `.yaml`, so that no program reads it as an object.
  const part = `${path}.part`;
  try {
    await writeFile(part, text);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Reads the YAML files at the depth at which files are written, and their parts. A file that can't be read has no text. */
async function textsBelow(directory: string): Promise<Map<string, string | undefined>> {
  const paths = globSync("{*,*/*}.yaml{,.part}", { cwd: directory }).sort();
  const texts = paths.map((path) => readFile(join(directory, path), "utf8").catch(() => undefined));
  return new Map((await Promise.all(texts)).map((text, index) => [paths[index] ?? "", text]));
}

/** @param parent "." is the directory itself, which is kept */
async function removeEmpty(directory: string, parent: string): Promise<void> {
  if (parent === ".") return;
  const path = join(directory, parent);
  if ((await readdir(path)).length === 0) await rmdir(path);
}
