/** A shell script in podman's place, for tests of what runs podman. */
import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { tempDir } from "./scope.ts";

/** Puts the script first on PATH, until the end. */
export async function fakePodman(script: string): Promise<AsyncDisposable> {
  const directory = await tempDir();
  const file = join(directory.path, "podman");
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  const { PATH } = process.env;
  process.env.PATH = `${directory.path}${delimiter}${PATH}`;
  return {
    async [Symbol.asyncDispose]() {
      Object.assign(process.env, { PATH });
      await directory[Symbol.asyncDispose]();
    },
  };
}
