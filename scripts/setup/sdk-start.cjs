// @ts-check
/**
 * Node loads this file first, in each process of the engine (engine.ts) and of tests. It skips work that Pulumi's SDK does at each start, but that is needed only
 * to serialize functions, as `pulumi.dynamic.Resource` does. That work is a quarter of the CPU time of a small stack's preview.
 */
const Module = require("node:module");

// A language host that is older than the engine compiles TypeScript, whatever Pulumi.yaml says. Node doesn't need that.
delete process.env.PULUMI_NODEJS_TYPESCRIPT;

/** Replacements, by the name with which the SDK requires a module. @type {Record<string, (loadIt: () => object) => object>} */
const instead = {
  // TypeScript's compiler and npm's dependency resolver are loaded only when they are used.
  typescript: (loadIt) => deferred(loadIt),
  "@npmcli/arborist": (loadIt) => deferred(loadIt),
  // A debugger, which the SDK needs only for error messages about functions that can't be serialized.
  "../../runtime/closure/v8Hooks": () => ({ isInitializedAsync: async () => {} }),
  // Maps stack traces to source lines. Only the SDK's own files need it, because stripping types doesn't move lines.
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
        // The SDK reads this to decide whether it needs a copy of the module.
        if (key === "__esModule") return true;
        loaded ??= loadIt();
        return Reflect.get(loaded, key);
      },
    },
  );
}

Reflect.set(Module, "_load", loadOrReplace);
