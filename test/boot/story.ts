import type { TestContext } from "node:test";
import { bootTimeoutMs } from "./machine.ts";

/** The time limit of a test that boots several times. */
export const storyTimeoutMs = 3 * bootTimeoutMs;

/** Subtests that each start from the previous one's end. After a failure, the rest is skipped, because it would only wait. */
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
