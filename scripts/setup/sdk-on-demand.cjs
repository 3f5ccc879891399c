// @ts-check
/**
 * Pulumi's SDK loads TypeScript and npm's resolver of dependencies at its start, which is most of the time that it takes, and needs them only where functions become text,
 * as those of dynamic providers do. Here they are loaded when they are used. Node reads this file first, in each process of the engine: engine.ts.
 */
const Module = require("node:module");

const onDemand = new Set(["typescript", "@npmcli/arborist"]);
const load = Reflect.get(Module, "_load");

/** @param {string} request @param {NodeModule | undefined} parent @param {unknown[]} rest */
function loadOrDefer(request, parent, ...rest) {
  const loadIt = () => load(request, parent, ...rest);
  const isDeferred = onDemand.has(request) && parent?.filename?.includes("/@pulumi/pulumi/");
  return isDeferred ? deferred(loadIt) : loadIt();
}

/** @param {() => Record<PropertyKey, unknown>} loadIt */
function deferred(loadIt) {
  /** @type {Record<PropertyKey, unknown> | undefined} */
  let loaded;
  return new Proxy(
    {},
    {
      get(_, key) {
        // What the SDK asks to tell whether it needs a copy.
        if (key === "__esModule") return true;
        loaded ??= loadIt();
        return loaded[key];
      },
    },
  );
}

Reflect.set(Module, "_load", loadOrDefer);
