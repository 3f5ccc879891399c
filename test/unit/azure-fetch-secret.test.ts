/** The script by which a machine in Azure reads a secret, with a curl that answers in the place of Azure. */
import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { fetchSecret } from "../../components/hosts/azure/user-data.ts";
import { tempDir } from "../support/scope.ts";

const clientId = "33333333-3333-4333-8333-333333333333";
const secretId =
  "/subscriptions/1/resourceGroups/r/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef/secrets/upstream-team-credentials";

/** @param answers what curl prints for the metadata service and for the vault; `fail` instead of either ends it like an HTTP error. */
async function run(answers: { token: string; secret: string }) {
  await using dir = await tempDir();
  const curl = `#!/bin/sh
printf '%s\\n' "$*" >>"$HERE/arguments"
for url; do :; done
case $url in
http://169.254.169.254/*) answer='${answers.token}' ;;
*) cat >>"$HERE/stdin"; answer='${answers.secret}' ;;
esac
[ "$answer" != fail ] || { echo "curl: (22) 403" >&2; exit 22; }
printf '%s' "$answer"
`;
  await writeFile(join(dir.path, "curl"), curl);
  await writeFile(join(dir.path, "fetch-secret"), fetchSecret(clientId));
  await Promise.all(["curl", "fetch-secret"].map((file) => chmod(join(dir.path, file), 0o755)));
  const result = await execa(join(dir.path, "fetch-secret"), [secretId], {
    env: { HERE: dir.path, PATH: `${dir.path}:${process.env.PATH}` },
    reject: false,
  });
  const read = (file: string) => readFile(join(dir.path, file), "utf8").catch(() => "");
  return { ...result, arguments: await read("arguments"), stdin: await read("stdin") };
}

test("prints the secret, asked for by the identity's client id, with a token that isn't an argument", async () => {
  const {
    stdout,
    exitCode,
    arguments: used,
    stdin,
  } = await run({
    token: '{"access_token":"the-token"}',
    secret: '{"value":"line one\\nline two"}',
  });
  assert.deepEqual([exitCode, stdout], [0, "line one\nline two"]);
  assert.match(
    used,
    /-H Metadata:true .*resource=https%3A%2F%2Fvault\.azure\.net&client_id=33333333-3333-4333-8333-333333333333$/m,
  );
  assert.match(
    used,
    /https:\/\/cache-0123456789abcdef\.vault\.azure\.net\/secrets\/upstream-team-credentials\?api-version=7\.4$/m,
  );
  assert.doesNotMatch(used, /the-token/);
  assert.equal(stdin, 'header = "Authorization: Bearer the-token"\n');
});

for (const [what, answers] of Object.entries({
  "without a token": { token: "fail", secret: '{"value":"x"}' },
  "with an answer that is no token": { token: "{}", secret: '{"value":"x"}' },
  "without the right to read": { token: '{"access_token":"t"}', secret: "fail" },
  "with a secret without value": { token: '{"access_token":"t"}', secret: "{}" },
})) {
  test(`fails ${what}, and prints nothing that could be taken for the secret`, async () => {
    const { stdout, exitCode } = await run(answers);
    assert.notEqual(exitCode, 0);
    assert.doesNotMatch(stdout, /x/);
  });
}
