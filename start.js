// @ts-check
/**
 * Where Pulumi starts the program. Node keeps what it has compiled, of the program and of the SDKs, beside the packages that it is from: without, it compiles
 * all of it anew at every `pulumi` command, and strips the types. What is imported statically would be loaded before that is known, so index.ts is not.
 * https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "node_modules", ".cache", "compiled"));

// The SDK takes a stack trace for each of its many promises, and its source-map-support looks each position up in source maps, which stripped types don't need:
// most of the time of a stack with many regions.
Reflect.deleteProperty(Error, "prepareStackTrace");

export default { ...(await import("./index.ts")) };
