/**
 * Node loads it before the quick tests. node:test tracks each promise, to tell in which test an uncaught error came up: that is half of the
 * processor time of those that make many. Without it, such an error fails the file and not the test. `npm test` tracks them.
 * https://nodejs.org/docs/latest-v24.x/api/async_hooks.html#async_hookscreatehookoptions
 */
const asyncHooks = require("node:async_hooks");

const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false });
