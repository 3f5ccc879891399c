import { join } from "node:path";

/**
 * The compiler of TypeScript 7, which takes a third of the processor time of 6. By its path, because `typescript` has a `tsc` too: that stays at 6, as `@pulumi/pulumi`
 * takes no other, and 7 has no stable API.
 */
export const tsc = join(
  import.meta.dirname,
  "..",
  "..",
  "node_modules",
  "@typescript",
  "native",
  "bin",
  "tsc",
);
