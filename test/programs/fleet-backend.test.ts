/** A backend with stacks of several organizations, as only Pulumi Cloud has them. A double gives the engine's answers. */
import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { goTools } from "../../scripts/setup/from-source/go-tools.ts";
import { costProject } from "../support/cost-project.ts";
import { scope, tempDir } from "../support/scope.ts";

const listed = ["acme", "other"].map((organization) => ({
  name: `${organization}/registry-cache/aws-eu-central-1`,
  lastUpdate: "2026-11-27T12:00:00Z",
  resourceCount: 3,
}));

test("chooses between two stacks of the same name by the organization", async (t) => {
  const parts = scope(t);
  const { path: home } = parts.use(await tempDir());
  const programs = join(home, "versions", goTools.pulumi.version.slice(1), "bin");
  await mkdir(programs, { recursive: true });
  const answer = `#!/bin/sh
case "$2" in
ls) echo '${JSON.stringify(listed)}' ;;
*) echo "asked for $4" >&2; exit 1 ;;
esac
`;
  for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
    await writeFile(join(programs, name), answer);
    await chmod(join(programs, name), 0o755);
  }
  const project = parts.use(await costProject({ PULUMI_HOME: home }));
  const both = await project.regions("status");
  assert.match(
    both.stderr,
    /aws-eu-central-1: its outputs can't be read: 2 stacks are called aws-eu-central-1: acme\/registry-cache\/aws-eu-central-1, other\//,
  );
  const one = await project.regions("status", "other/aws-eu-central-1");
  assert.match(one.stderr, /can't be read: asked for other\/registry-cache\/aws-eu-central-1/);
});
