// @ts-check
/**
 * Importing this module stops Pulumi's SDK from recording a stack trace for each of its many promises. The SDK uses the traces only in the message about
 * promises that never settle. Recording them takes a quarter of a program's CPU time.
 */
import debuggable from "@pulumi/pulumi/runtime/debuggable.js";

/** @type {(...args: unknown[]) => Promise<unknown>} */
const tracked = Reflect.get(debuggable, "debuggablePromise");

Reflect.set(debuggable, "debuggablePromise", (/** @type {unknown[]} */ ...args) => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const promise = tracked(...args);
  Error.stackTraceLimit = stackTraceLimit;
  return promise;
});
