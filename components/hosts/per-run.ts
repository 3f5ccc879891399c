import * as pulumi from "@pulumi/pulumi";

/**
 * A value that each run of a program has once. The key is the engine's connection, because one process of the Automation API runs several stacks, each several times.
 * Without an engine, each call makes a value.
 */
export function perRun<Value>(make: () => Value): () => Value {
  const values = new WeakMap<object, Value>();
  return () => {
    const run = pulumi.runtime.getMonitor();
    const known = run && values.get(run);
    if (known !== undefined) return known;
    const value = make();
    if (run) values.set(run, value);
    return value;
  };
}
