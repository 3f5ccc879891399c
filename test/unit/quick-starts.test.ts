/** docs/quickstart: their stack files, their commands and their figures. test/engine/state.test.ts runs the commands. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { basename } from "node:path";
import { suite, test } from "node:test";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { estimatesOf } from "../../scripts/cost/estimates.ts";
import { configurationsOf } from "../../scripts/fleet/configurations.ts";
import { readStackFiles } from "../../scripts/fleet/stack-files.ts";
import { checkFiles } from "../../scripts/regions/check.ts";
import { projectDirectory } from "../support/project.ts";
import { type QuickStart, quickStart } from "../support/quick-starts.ts";

const today = "2026-11-28";
const own = await readStackFiles(projectDirectory, []);
const { project } = own;
const pages = globSync("docs/quickstart/*.md").map((path) => quickStart(basename(path, ".md")));

function filesOf({ stack, file }: QuickStart) {
  const stacks = [{ name: stack, path: `stacks/Pulumi.${stack}.yaml`, text: file }];
  return { project, stacks, unread: [], problems: [] };
}

suite("quick starts", () => {
  test("have a page for each kind of host", () => {
    assert.deepEqual(pages.map(({ name }) => name).sort(), [
      ...["aks", "aws-vm", "azure-vm", "eks", "existing-cluster", "local"],
    ]);
  });

  for (const page of pages) {
    const { name, region, text } = page;

    test(`are short: ${name}`, () => {
      assert.ok(text.split("\n").length <= 100);
    });

    test(`have a stack file that a preview accepts: ${name}`, async () => {
      const { problems, warnings, regions } = await checkFiles(filesOf(page), [], today);
      assert.deepEqual([problems, warnings, regions], [[], [], 1]);
    });

    test(`aren't affected by the project's own stack files: ${name}`, async () => {
      const { stacks } = filesOf(page);
      const others = own.stacks.filter(({ name }) => name !== page.stack);
      const { problems } = await checkFiles({ ...own, stacks: [...others, ...stacks] }, [], today);
      assert.deepEqual(problems, []);
    });

    test(`fail for a request that the cache refuses: ${name}`, () => {
      const requests = text.split("\n").filter((line) => line.startsWith("curl "));
      assert.ok(requests.length > 0);
      for (const line of requests) assert.match(line, /--fail |-fsS/, line);
    });

    test(`find their output with the clients' command: ${name}`, () => {
      const { configurations } = configurationsOf(filesOf(page));
      const { upstreams = [] } = configurations[0]?.config ?? {};
      const clients = clientConfiguration({
        endpoint: { hostname: "cache.example.com", port: 443 },
        upstreams,
      });
      const [, key = "", registry] =
        text.match(/jq -e?r '\.(?:"[^"]+"|\w+)\.(\w+)(?:\."([^"]+)")?'/) ?? assert.fail("there is none");
      const output = (clients as unknown as Record<string, unknown>)[key];
      assert.ok(registry === undefined ? output : (output as Record<string, unknown>)[registry]);
      assert.ok(text.includes(`'.${/^\w+$/.test(region) ? region : `"${region}"`}.${key}`), region);
    });

    const [, documented] = text.match(/about (\d+) USD a month/) ?? [];
    if (documented !== undefined) {
      test(`cost what the page says: ${name}`, () => {
        const estimates = configurationsOf(filesOf(page)).configurations.map((it) => estimatesOf(it, today));
        const usd = estimates[0]?.regions[0]?.estimate.range?.expectedUSD ?? Number.NaN;
        assert.ok(Math.abs(Number(documented) / usd - 1) < 0.1, `${usd}`);
      });
    }
  }

  test("have the same commands of the project on each page, except for names", () => {
    const [first = [], ...others] = pages
      .filter(({ stack }) => stack !== "local")
      .map(({ stack, region, commands }) =>
        commands
          .filter((line) => line.startsWith("npm run") && !line.includes(" state unprotect "))
          .map((line) =>
            line
              .replaceAll(stack, "STACK")
              .replace(/'\.(?:"[^"]+"|\w+)\./, "'.REGION.")
              .replaceAll(region, "REGION"),
          )
          .map((line) => line.replace(/--state '[^']+'/, "--state URL")),
      );
    assert.ok(first.length > 6);
    for (const other of others) assert.deepEqual(other, first);
  });
});
