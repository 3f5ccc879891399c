/**
 * A reporter for node:test: what `spec` prints of tests that fail, and what test files print themselves. Node's reporter `dot` omits the file of
 * a test that exceeds its time limit, and the error of a file that can't be loaded.
 */
import { Readable } from "node:stream";
import { spec, type TestEvent } from "node:test/reporters";

const shown: readonly string[] = ["test:fail", "test:stdout", "test:stderr"] satisfies TestEvent["type"][];

export default async function* failedTests(events: AsyncIterable<TestEvent>): AsyncIterable<string> {
  const failures = Readable.from(events).filter(({ type }: TestEvent) => shown.includes(type));
  yield* failures.compose(new spec());
}
