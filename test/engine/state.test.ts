/** docs/state.md: a stack's state, moved from one machine to a bucket by the commands of the page. */
import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { engineEnvironment, ensureEngine } from "../../scripts/setup/engine.ts";
import { projectDirectory } from "../support/project.ts";
import { startS3, type TestS3 } from "../support/s3.ts";
import { scope, tempDir } from "../support/scope.ts";

const stack = "aws-eu-north-1";
const password = "not to be seen";

/** Exports a secret. */
const program = `import * as pulumi from "@pulumi/pulumi";
export const password = pulumi.secret(new pulumi.Config().require("password"));
`;

describe("the state", () => {
  const parts = scope({ after });
  let directory: string;
  let s3: TestS3;

  const bash = (script: string) =>
    execa("bash", ["-euo", "pipefail", "-c", script], {
      cwd: directory,
      env: {
        ...engineEnvironment({ url: `file://${join(directory, "old")}`, from: "PULUMI_BACKEND_URL" }),
        ...s3.backend.environment,
        PULUMI_CONFIG_PASSPHRASE: "of no use to anyone",
      },
      reject: false,
      all: true,
      stdin: "ignore",
    });

  before(async () => {
    await ensureEngine();
    s3 = parts.use(await startS3());
    directory = parts.use(await tempDir()).path;
    for (const name of ["stacks", "old"]) await mkdir(join(directory, name));
    // `npm run init` works on the copy; what it runs is the project's.
    for (const name of ["node_modules", "scripts", "components", "package.json"]) {
      await symlink(join(projectDirectory, name), join(directory, name));
    }
    await writeFile(join(directory, "index.js"), program);
    await writeFile(
      join(directory, "Pulumi.yaml"),
      (await readFile(join(projectDirectory, "Pulumi.yaml"), "utf8")).replace(
        "main: start.js",
        "main: index.js",
      ),
    );
    const { exitCode, all } = await bash(`pulumi stack init ${stack}
      pulumi config set --secret password '${password}'
      pulumi up --yes --skip-preview --suppress-outputs`);
    assert.equal(exitCode, 0, all);
  });

  test("moves to a bucket by the commands of the page, and changes nothing", async () => {
    const script = (await readFile(join(projectDirectory, "docs", "state.md"), "utf8"))
      .match(/^## Move it.*?^```sh\n(.*?)^```$/ms)?.[1]
      ?.replace(/NEW='.*'/, `NEW='${s3.backend.url}'`);
    assert.ok(script);
    const { exitCode, all } = await bash(script);
    assert.equal(exitCode, 0, all);
    assert.match(await readFile(join(directory, "Pulumi.yaml"), "utf8"), /^backend:\n {2}url: s3:/m);
    const keys = await s3.keys(/\.pulumi\/stacks\//);
    assert.ok(
      keys.some((key) => key.endsWith(`/registry-cache/${stack}.json`)),
      keys.join(),
    );

    const asked = await bash(
      `unset PULUMI_BACKEND_URL; pulumi stack output --stack ${stack} --show-secrets password`,
    );
    assert.equal(asked.stdout, password, asked.all);
    assert.doesNotMatch(await readFile(join(directory, "state.json"), "utf8"), new RegExp(password));
  });
});
