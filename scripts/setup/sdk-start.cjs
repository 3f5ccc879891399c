// @ts-check
/**
 * Node reads this file first, in each process of the engine (engine.ts) and of tests. It leaves out what Pulumi's SDK does at each start and what only those
 * need whose functions become text, as with `pulumi.dynamic.Resource`: a quarter of the processor time of a small stack's preview.
 */
const Module = require("node:module");

// A language host that is older than the engine compiles TypeScript, whatever Pulumi.yaml says: Node does without.
delete process.env.PULUMI_NODEJS_TYPESCRIPT;

/** By what the SDK names it: what it gets. @type {Record<string, (loadIt: () => object) => object>} */
const instead = {
  // TypeScript's compiler and npm's resolver of dependencies are loaded when they are used.
  typescript: (loadIt) => deferred(loadIt),
  "@npmcli/arborist": (loadIt) => deferred(loadIt),
  // A debugger, for the messages on functions that can't become text.
  "../../runtime/closure/v8Hooks": () => ({ isInitializedAsync: async () => {} }),
  // Where a line of a stack trace comes from: of the SDK alone, as types that are stripped leave lines where they are.
  "source-map-support/register": () => ({}),
};

const load = Reflect.get(Module, "_load");

/** @param {string} request @param {NodeModule | undefined} parent @param {unknown[]} rest */
function loadOrReplace(request, parent, ...rest) {
  const loadIt = () => load(request, parent, ...rest);
  const replace = parent?.filename?.includes("/@pulumi/pulumi/") ? instead[request] : undefined;
  return replace === undefined ? loadIt() : replace(loadIt);
}

/** @param {() => object} loadIt */
function deferred(loadIt) {
  /** @type {object | undefined} */
  let loaded;
  return new Proxy(
    {},
    {
      get(_, key) {
        // What the SDK asks to tell whether it needs a copy.
        if (key === "__esModule") return true;
        loaded ??= loadIt();
        return Reflect.get(loaded, key);
      },
    },
  );
}

Reflect.set(Module, "_load", loadOrReplace);
