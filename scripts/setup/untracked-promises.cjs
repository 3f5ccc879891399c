/**
 * Node loads it before tests. node:test tracks each promise, to tell in which test an uncaught error came up: that is half of the processor time of those
 * that make many. Without it, such an error fails the file and not the test; to see which test it was, run `node --test FILE`.
 * https://nodejs.org/docs/latest-v24.x/api/async_hooks.html#async_hookscreatehookoptions
 */
const asyncHooks = require("node:async_hooks");

const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false });

// Of such an error, the test runner tells the message alone.
for (const event of ["uncaughtExceptionMonitor", "unhandledRejection"]) {
  process.on(event, (error) => console.error(error));
}
