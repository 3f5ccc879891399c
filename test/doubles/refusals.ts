/** The tests of a double's refusals: valid inputs, then the same with one thing wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud, Thing } from "./cloud.ts";
import type { Inputs } from "./values.ts";

export interface Refusal {
  /** The name of the resource that the inputs are taken from. */
  readonly of: string;
  /** Inputs that replace some of its own. A unique name is added, unless the name is what is wrong. */
  readonly with: Inputs;
  /** The error message. */
  readonly says: RegExp;
}

/** Resources by their names in the test, and their cloud. */
export interface Made {
  readonly cloud: Cloud;
  readonly things: Readonly<Record<string, Thing>>;
}

/** An account, and a function that adds resources, which provider and cloud must accept. */
export function filling(cloud: Cloud, scope: string): Made & { add: Add } {
  const things: Record<string, Thing> = {};
  return {
    cloud,
    things,
    add(name, type, inputs) {
      assert.deepEqual(cloud.check(type, inputs, scope), []);
      const thing = cloud.create(type, name, inputs, scope);
      things[name] = thing;
      return thing;
    },
  };
}

/** @param name of the resource in the test */
type Add = (name: string, type: string, inputs: Inputs) => Thing;

/** @param make creates an account with a resource of each type */
export function testRefusals(make: () => Made, refusals: Readonly<Record<string, Refusal>>): void {
  for (const [what, refusal] of Object.entries(refusals)) {
    test(`refuses ${what}`, () => {
      const { cloud, things } = make();
      const { type, inputs, scope } = things[refusal.of] as Thing;
      const changed = { ...inputs, ...refusal.with };
      const told = cloud.check(type, changed, scope).map(({ property, reason }) => `${property} ${reason}`);
      assert.throws(() => {
        if (told.length > 0) throw new Error(told.join("\n"));
        cloud.create(type, "another", changed, scope);
      }, refusal.says);
    });
  }
}
