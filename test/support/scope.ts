/** Resources that a test starts, and that end after it, whether it passes or fails. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A test context, or node:test itself with its hook for the whole file. */
export interface Hooks {
  after(cleanUp: () => Promise<void>): void;
}

/**
 * Disposes of everything that it holds, in reverse order, after the test: `scope(t).use(await startUpstream(…))`. (node:test's own `after` hooks run
 * in the order of their registration, which would remove directories that running programs use.)
 */
export function scope(hooks: Hooks): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  hooks.after(() => stack.disposeAsync());
  return stack;
}

export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

/** A new empty directory, removed with all its content at the end. @param parent an existing directory */
export async function tempDir(parent = tmpdir()): Promise<TempDir> {
  const path = await mkdtemp(join(parent, "registry-cache-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
