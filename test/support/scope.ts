/** What a test starts and must end again, whether it passes or not. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A test context, or node:test itself with its hook for the whole file. */
export interface Hooks {
  after(cleanUp: () => Promise<void>): void;
}

/**
 * Ends everything it was given in reverse order after the test: `scope(t).use(await startUpstream(…))`.
 * (node:test's own `after` runs in order of registration, which removes directories under running programs.)
 */
export function scope(hooks: Hooks): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  hooks.after(() => stack.disposeAsync());
  return stack;
}

export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

/** A new empty directory, removed with all its content at the end. @param parent exists */
export async function tempDir(parent = tmpdir()): Promise<TempDir> {
  const path = await mkdtemp(join(parent, "registry-cache-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
