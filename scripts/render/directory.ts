/** A directory that others use, too. What is there of an earlier run is known by its first line. */
import { globSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Problem } from "../../components/config/problems.ts";
import type { Rendered } from "./files.ts";

/** What a run changes. Paths are relative to the directory. */
export interface Changes {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** What there is to do, found without changing anything. */
export interface Draft {
  /** Files in the way that aren't of an earlier run. */
  readonly problems: readonly Problem[];
  /** Writes what is new, and removes what the stack has no more. */
  apply(): Promise<Changes>;
}

export async function draft(directory: string, stack: string, { what, files }: Rendered): Promise<Draft> {
  // By this line, later versions know the files of earlier ones: it stays as it is.
  const mark = `# ${what} of the stack ${stack}, by \`npm run render\`. Change its configuration, not this file.\n`;
  const wanted = Object.entries(files).map(([path, text]) => [path, `${mark}${text}`] as const);
  const present = await textsBelow(directory);
  const isOwn = (path: string) => present.get(path)?.startsWith(mark) ?? false;
  return {
    problems: wanted
      .filter(([path]) => present.has(path) && !isOwn(path))
      .map(([path]) => ({
        path: join(directory, path),
        message: `already exists and isn't of the stack ${stack}: move it, or choose another directory`,
      })),
    async apply() {
      const written = wanted.filter(([path, text]) => present.get(path) !== text);
      const removed = [...present.keys()].filter((path) => isOwn(path) && files[path] === undefined);
      for (const [path, text] of written) {
        await writeWhole(join(directory, path), text);
      }
      for (const path of removed) await rm(join(directory, path));
      for (const parent of new Set(removed.map(dirname))) await removeEmpty(directory, parent);
      return { written: written.map(([path]) => path), removed };
    },
  };
}

/** Otherwise, a half-written file of a run that was killed or found no room wouldn't be recognized as the stack's. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Not YAML by its name, so that nothing takes it for an object.
  const part = `${path}.part`;
  try {
    await writeFile(part, text);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** What can be read of the YAML there, as deep as files are written; without a text what can't be read. */
async function textsBelow(directory: string): Promise<Map<string, string | undefined>> {
  const paths = globSync(["*.yaml", "*/*.yaml"], { cwd: directory }).sort();
  const texts = paths.map((path) => readFile(join(directory, path), "utf8").catch(() => undefined));
  return new Map((await Promise.all(texts)).map((text, index) => [paths[index] ?? "", text]));
}

/** @param parent "." is the directory itself, which stays */
async function removeEmpty(directory: string, parent: string): Promise<void> {
  if (parent === ".") return;
  const path = join(directory, parent);
  if ((await readdir(path)).length === 0) await rmdir(path);
}
