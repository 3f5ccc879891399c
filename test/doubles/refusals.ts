/** How a test of a double goes: something right, then the same with one thing wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud, Thing } from "./cloud.ts";
import type { Inputs } from "./values.ts";

export interface Refusal {
  /** One of the things made before. */
  readonly of: string;
  /** Inputs in the place of its own; a name of its own comes by itself where that isn't what is wrong. */
  readonly with: Inputs;
  /** What it says. */
  readonly says: RegExp;
}

/** Things by what they are called in a test, and the cloud in which they are. */
export interface Made {
  readonly cloud: Cloud;
  readonly things: Readonly<Record<string, Thing>>;
}

/** An account, and what puts things into it that provider and cloud take. */
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

/** @param name what it is called in the test. */
type Add = (name: string, type: string, inputs: Inputs) => Thing;

/** @param make an account with one of everything. */
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
