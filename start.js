// @ts-check
/**
 * The entry point of the Pulumi program. It enables Node's compile cache for the program and the SDKs. Without the cache, every `pulumi` command strips the types
 * and compiles all modules again. The import of index.ts is dynamic because a static import would load it before the cache is enabled.
 * https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { debuglog } from "node:util";

enableCompileCache(join(import.meta.dirname, "node_modules", ".cache", "compiled"));

// The SDK installs source-map-support, which looks up each stack frame in source maps. Type stripping keeps positions, so they aren't needed.
Reflect.deleteProperty(Error, "prepareStackTrace");

// The SDK's debugging aids take a quarter of the processor time of a stack with 20 regions. NODE_DEBUG=pulumi keeps them.
if (!debuglog("pulumi").enabled) {
  // Four stack frames, instead of ten, are enough to find where an error comes from.
  Error.stackTraceLimit = 4;
  await import("./scripts/setup/sdk-without-traces.js");
  // For each resource, the SDK sends three debug messages to the engine in sequence, one with the whole resource. https://github.com/pulumi/pulumi/issues/7146
  const { log } = await import("@pulumi/pulumi");
  Reflect.set(log, "debug", async () => {});
}

export default { ...(await import("./index.ts")) };
