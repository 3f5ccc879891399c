import { join } from "node:path";

/** Node's arguments for a test process: modules to load first. */
export const beforeTests = ["untracked-promises.cjs", "sdk-start.cjs"].map(
  (file) => `--require=${join(import.meta.dirname, file)}`,
);
