/** Shell scripts in the place of programs, for tests of what runs them. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { tempDir } from "./scope.ts";

export interface FakePrograms extends AsyncDisposable {
  /** Of processes that are to find them first. */
  readonly env: { readonly PATH: string };
  readonly directory: string;
  /** How they were called so far: program, then arguments. */
  calls(): Promise<string[][]>;
}

/** @param scripts per program what it does, in bash */
export async function fakePrograms(scripts: Readonly<Record<string, string>>): Promise<FakePrograms> {
  const directory = await tempDir();
  const record = join(directory.path, "calls.recorded");
  await writeFile(record, "");
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(directory.path, name);
    // One write per call, so that those of a pipe don't mix.
    await writeFile(
      file,
      `#!/bin/bash\nprintf '%s\\n' "$(printf '%s\\0' ${name} "$@" | base64 --wrap 0)" >>${record}\n${script}\n`,
    );
    await chmod(file, 0o755);
  }
  return {
    env: { PATH: `${directory.path}${delimiter}${process.env.PATH}` },
    directory: directory.path,
    async calls() {
      const lines = (await readFile(record, "utf8")).split("\n").filter(Boolean);
      return lines.map((line) => Buffer.from(line, "base64").toString().split("\0").slice(0, -1));
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}
