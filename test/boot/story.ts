import type { TestContext } from "node:test";
import { bootTimeoutMs } from "./machine.ts";

/** Of a test that boots several times. */
export const storyTimeoutMs = 3 * bootTimeoutMs;

/** Tests of which each begins where the one before has ended: after one that failed, the others would only wait. */
export function steps(t: TestContext): (title: string, work: () => Promise<void>) => Promise<void> {
  let failed = false;
  return (title, work) =>
    t.test(title, { timeout: storyTimeoutMs }, async (step) => {
      if (failed) return step.skip("one before it has failed");
      failed = true;
      await work();
      failed = false;
    });
}
