/**
 * Node loads it before the quick tests of what makes many promises. node:test tracks each of them, to tell in which test an uncaught error came up: that is half of their
 * processor time. Without it, such an error fails the file and not the test. `npm test` tracks them.
 * https://nodejs.org/docs/latest-v24.x/api/async_hooks.html#async_hookscreatehookoptions
 */
const asyncHooks = require("node:async_hooks");

const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false });
