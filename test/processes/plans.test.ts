/** What components/hosts/kinds.ts relies on. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { execa } from "execa";

test("planning a region doesn't load Pulumi's SDK", async () => {
  const plans = globSync("components/hosts/**/plan.ts");
  assert.ok(plans.length >= 6);
  const script = `
    for (const plan of process.argv.slice(1)) await import(process.cwd() + "/" + plan);
    const { default: { _cache } } = await import("node:module");
    console.log(Object.keys(_cache).filter((file) => /@pulumi.pulumi/.test(file)).join());`;
  const { stdout } = await execa("node", ["--input-type=module", "--eval", script, ...plans]);
  assert.equal(stdout, "");
});
