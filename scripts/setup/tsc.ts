import { join } from "node:path";

/** By their paths, because both packages have a `tsc`. */
const packages = join(import.meta.dirname, "../../node_modules");

/** The compiler of TypeScript 7, which takes a third of the processor time of 6. */
export const tsc = join(packages, "@typescript/native/bin/tsc");

/** That of TypeScript 6, for types that others import: 7 leaves out `.js` in some imports. Pulumi's programs have it, as `@pulumi/pulumi` takes no other. */
export const tsc6 = join(packages, "typescript/bin/tsc");
