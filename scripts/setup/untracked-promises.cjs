/**
 * Node loads this file before tests. node:test tracks every promise, to find the test that an uncaught error belongs to. That takes half of the CPU time of tests
 * with many promises. Without it, such an error fails the whole file, not one test. To find the test, run `node --test FILE`.
 * https://nodejs.org/docs/latest-v24.x/api/async_hooks.html#async_hookscreatehookoptions
 */
const asyncHooks = require("node:async_hooks");

const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false });

// For such an error, the test runner prints only the message.
for (const event of ["uncaughtExceptionMonitor", "unhandledRejection"]) {
  process.on(event, (error) => console.error(error));
}
