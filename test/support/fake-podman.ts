/** A shell script in place of podman, for tests of code that runs podman. */
import { fakePrograms } from "./fake-programs.ts";

/** Puts the script first on PATH, until it is disposed. */
export async function fakePodman(script: string): Promise<AsyncDisposable> {
  const programs = await fakePrograms({ podman: script });
  const { PATH } = process.env;
  Object.assign(process.env, programs.env);
  return {
    async [Symbol.asyncDispose]() {
      Object.assign(process.env, { PATH });
      await programs[Symbol.asyncDispose]();
    },
  };
}
