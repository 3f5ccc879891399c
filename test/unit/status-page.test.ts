/** The parts of the status page that need no browser; test/e2e/status-page.test.ts has the whole in one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { statusPage } from "../../components/monitoring/status-page/status-page.ts";

/** What an expression of the page's script comes to. It gets no answers, and has no place to show any. */
function inPage(expression: string): unknown {
  const [, script = ""] = statusPage("any").match(/<script>(.*)<\/script>/s) ?? [];
  const nothing = () => undefined;
  const context = createContext({
    document: { querySelectorAll: () => [{}, {}] },
    fetch: () => new Promise(nothing),
    setInterval: nothing,
  });
  runInContext(script, context);
  return runInContext(expression, context);
}

test("amounts have the unit that makes them easy to read", () => {
  const amounts = [0, 950, 20e6, 999.96e6, 834e9, 3.21e12];
  assert.deepEqual(
    amounts.map((bytes) => inPage(`bytes(${bytes})`)),
    ["0.0 B", "950.0 B", "20.0 MB", "1.0 GB", "834.0 GB", "3.2 TB"],
  );
});

test("the page says which region it shows", () => {
  assert.match(statusPage("eu-central-1"), /<h1>Registry cache eu-central-1<\/h1>/);
});
