// @ts-check
/**
 * Whoever imports it has Pulumi's SDK take no stack traces of its promises: it takes one for each of many, for the message on promises that never end,
 * and that is a quarter of a program's processor time.
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
