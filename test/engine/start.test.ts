/** What the engine's processes do before they run this project's code: scripts/setup/sdk-start.cjs. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { engineEnvironment } from "../../scripts/engine/environment.ts";
import { clouds } from "../support/cloud-files.ts";
import { cloudStack } from "../support/cloud-stack.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const resources = scope({ after });

/** Writes the files that a process has loaded, repeatedly, because the engine kills the process of the dynamic resources. */
const report = `
const { join } = require("node:path");
const { writeFileSync } = require("node:fs");
const file = join(__dirname, "loaded-" + process.pid);
setInterval(() => writeFileSync(file, Object.keys(require.cache).join("\\n")), 20).unref();
`;

test("starts the program and the dynamic resources without compiler, debugger and source maps", async () => {
  const { path } = resources.use(await tempDir());
  await writeFile(join(path, "report.cjs"), report);
  const { file, newCloud } = clouds.aws;
  const NODE_OPTIONS = `${engineEnvironment().NODE_OPTIONS} --require=${join(path, "report.cjs")}`;
  const stack = resources.use(
    await cloudStack(file, newCloud(), { isWarm: false, environment: { NODE_OPTIONS } }),
  );
  const [{ endpoint } = {}] = stack.regions;
  await stack.configure({}, { endpoint: { ...(endpoint as object), tls: { mode: "private" } } });
  await succeeds(stack, "up");
  const reports = (await readdir(path)).filter((name) => name.startsWith("loaded-"));
  const texts = await Promise.all(reports.map((name) => readFile(join(path, name), "utf8")));
  const files = texts.flatMap((text) => text.split("\n"));
  for (const program of ["run", "dynamic-provider"])
    assert.ok(
      files.some((it) => it.endsWith(`/cmd/${program}/index.js`)),
      `${program} was not started`,
    );
  assert.deepEqual(
    files.filter((it) =>
      /\/(?:typescript|arborist|source-map-support|v8Hooks\.js|ts-node[^/]*)(?:\/|$)/.test(it),
    ),
    [],
  );
});
