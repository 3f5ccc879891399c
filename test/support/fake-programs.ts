/** Shell scripts in place of programs, for tests of code that runs these programs. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { tempDir } from "./scope.ts";

export interface FakePrograms extends AsyncDisposable {
  /** For processes that must find the scripts first. */
  readonly env: { readonly PATH: string };
  readonly directory: string;
  /** The calls so far: program, then arguments. */
  calls(): Promise<string[][]>;
}

/** @param scripts a bash script per program */
export async function fakePrograms(scripts: Readonly<Record<string, string>>): Promise<FakePrograms> {
  const directory = await tempDir();
  const record = join(directory.path, "calls.recorded");
  await writeFile(record, "");
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(directory.path, name);
    // One write per call, so that the records of a pipeline's programs don't mix.
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
