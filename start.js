// @ts-check
/**
 * Where Pulumi starts the program. Node keeps what it has compiled, of the program and of the SDKs, beside the packages that it is from: without, it compiles
 * all of it anew at every `pulumi` command, and strips the types. What is imported statically would be loaded before that is known, so index.ts is not.
 * https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { debuglog } from "node:util";

enableCompileCache(join(import.meta.dirname, "node_modules", ".cache", "compiled"));

// The SDK's source-map-support looks each position of a stack trace up in source maps, which stripped types don't need.
Reflect.deleteProperty(Error, "prepareStackTrace");

// NODE_DEBUG=pulumi keeps what only those need who look for a mistake, and what costs a stack of 20 regions a quarter of its processor time.
if (!debuglog("pulumi").enabled) {
  // In place of ten frames: four tell where an error is from.
  Error.stackTraceLimit = 4;
  await import("./scripts/setup/sdk-without-traces.js");
  // For each resource, the SDK sends the engine three debug messages, one after the other, and one of them has all of the resource in it. https://github.com/pulumi/pulumi/issues/7146
  const { log } = await import("@pulumi/pulumi");
  Reflect.set(log, "debug", async () => {});
}

export default { ...(await import("./index.ts")) };
