/** apply.sh with a double of podman. test/e2e/apply.test.ts tests it with the real one. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { scope, tempDir } from "../support/scope.ts";

const script = join(import.meta.dirname, "../../components/hosts/podman/apply.sh");
const ready = "http://127.0.0.1:15010/v2/";

/**
 * Replaces the part `origin-one` next to an edge that stays.
 * @param exec the answer of wget in `podman exec`, as shell code, by $2, the container's name
 * @returns the containers that were asked whether it is ready, and the total time
 */
async function replaceOrigin(t: TestContext, exec: string) {
  const { path } = scope(t).use(await tempDir());
  const files = {
    region: "here",
    health: "http://127.0.0.1:1/health",
    "parts/edge/pod": "c-edge-1",
    "parts/origin-one/pod": "c-origin-one-2",
    "parts/origin-one/ready": ready,
    "parts/edge/files/nginx.conf": "",
    "parts/origin-one/files/config.yml": "",
    "parts/edge/image": "edge",
    "parts/origin-one/image": "origin",
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, "bundle", file)), { recursive: true });
    await writeFile(join(path, "bundle", file), text);
  }
  await mkdir(join(path, "bin"));
  const podman = `#!/bin/sh
case $1 in
ps) printf 'c-edge-1 c-edge-1-edge now\\nc-origin-one-1 c-origin-one-1-origin-one now\\n' ;;
exec)
  case "$*" in
  *"${ready}") echo "$2" >>${path}/asked; ${exec} ;;
  *) exit 1 ;;
  esac
  ;;
esac
`;
  await writeFile(join(path, "bin/podman"), podman, { mode: 0o755 });
  const start = performance.now();
  await execa("sh", [script, join(path, "bundle")], {
    env: {
      PATH: [join(path, "bin"), process.env.PATH].join(delimiter),
      STATE: join(path, "state"),
      UNIT: "",
    },
  });
  const asked = (await readFile(join(path, "asked"), "utf8")).trim().split("\n");
  return { asked, seconds: (performance.now() - start) / 1000 };
}

const origin = "c-origin-one-2-origin-one";
const edge = "c-edge-1-edge";

test("asks a part itself whether it is ready", async (t) => {
  const twice = `[ "$(wc -l <"\${0%/bin/*}/asked")" -ge 2 ]`;
  const { asked, seconds } = await replaceOrigin(t, twice);
  assert.deepEqual(asked, [origin, origin]);
  assert.ok(seconds < 8, `${seconds} s`);
});

test("asks from the edge whether a part is ready if its image has no program for that", async (t) => {
  const { asked, seconds } = await replaceOrigin(t, `case $2 in ${edge}) exit 0 ;; *) exit 127 ;; esac`);
  assert.deepEqual(asked, [origin, edge]);
  assert.ok(seconds < 8, `${seconds} s`);
});
