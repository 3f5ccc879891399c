import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The content of each file, by the file's name. */
export type Documents = Readonly<Record<string, object>>;

/** Names of documents. A file of an earlier run is removed, because users would take it for a part of this one. */
const own = /^(?:policy|role|assignment)-\d+\.json$/;

/** Writes the files and removes those of an earlier run. @returns the files' paths */
export async function writeDocuments(documents: Documents, directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const old = (await readdir(directory)).filter((name) => own.test(name) && !Object.hasOwn(documents, name));
  await Promise.all(old.map((name) => rm(join(directory, name))));
  return Promise.all(
    Object.entries(documents).map(async ([name, document]) => {
      const file = join(directory, name);
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
      return file;
    }),
  );
}
