/** How `npm run regions -- status --watch` updates its output. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isWell } from "../../scripts/regions/status.ts";
import { watch } from "../../scripts/regions/watch.ts";

suite("watch", () => {
  test("ends with an error if a stack couldn't be read", () => {
    const problems = [{ path: "aws-a", message: "its outputs can't be read" }];
    assert.ok(!isWell({ at: "2026-11-27T12:00:00Z", regions: [], problems }));
  });

  async function shown(isTTY: boolean, looks: readonly (readonly string[])[]): Promise<string[]> {
    const written: string[] = [];
    const ended = new AbortController();
    const rest = [...looks];
    const look = async () => {
      const lines = rest.shift() ?? [];
      if (rest.length === 0) ended.abort();
      return lines;
    };
    const screen = { isTTY, write: (text: string) => written.push(text) };
    await watch(look, { screen, everySeconds: 0.001, signal: ended.signal });
    return written;
  }

  test("replaces the previous output on a terminal", async () => {
    const [first = "", second = ""] = await shown(true, [
      ["a  ok", "b  ok"],
      ["a  ok", "b  unhealthy"],
    ]);
    assert.match(first, /^a {2}ok\nb {2}ok\nas of [\d:]+, .*\n$/);
    // Moves up three lines, and clears everything below.
    assert.ok(second.startsWith("\u001b[3F\u001b[Ja  ok\nb  unhealthy\n"), JSON.stringify(second));
  });

  test("prints changes with the time elsewhere", async () => {
    const written = await shown(false, [
      ["a  ok", "b  ok"],
      ["a  ok", "b  ok"],
      ["a  ok", "b  unhealthy"],
    ]);
    assert.deepEqual(
      written.map((line) => line.replace(/^[\d:]{8} /, "")),
      ["a  ok\n", "b  ok\n", "b  unhealthy\n"],
    );
  });
});
