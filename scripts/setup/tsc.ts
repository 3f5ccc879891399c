import { join } from "node:path";

/** Both packages have a `tsc`, so their paths are needed. */
const packages = join(import.meta.dirname, "../../node_modules");

/** The compiler of TypeScript 7. It needs a third of TypeScript 6's CPU time. */
export const tsc = join(packages, "@typescript/native/bin/tsc");

/** The compiler of TypeScript 6. It writes the types that other programs import, because 7 leaves out `.js` in some imports. Programs with Pulumi have it, because `@pulumi/pulumi` requires it. */
export const tsc6 = join(packages, "typescript/bin/tsc");
