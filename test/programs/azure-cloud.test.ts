/** The script with which a machine in Azure reads its Pod and its secrets, with a double of curl that answers. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { cloudScript } from "../../components/hosts/azure/vm/user-data.ts";
import { packed } from "../../components/hosts/vm/user-data.ts";
import { tempDir } from "../support/scope.ts";

const clientId = "33333333-3333-4333-8333-333333333333";
const secretId =
  "/subscriptions/1/resourceGroups/r/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef/secrets/upstream-team-credentials";

interface Answers {
  readonly token?: string;
  readonly secret?: string;
  readonly userData?: string;
}

/** @param answers curl's output for the metadata service and for the vault; `fail` in place of either ends curl as an HTTP error does */
async function run(answers: Answers, ...args: string[]) {
  await using dir = await tempDir();
  const curl = `#!/bin/sh
printf '%s\\n' "$*" >>"$HERE/arguments"
for url; do :; done
case $url in
http://169.254.169.254/metadata/identity/*) answer='${answers.token ?? "fail"}' ;;
http://169.254.169.254/metadata/instance/*) answer='${answers.userData ?? "fail"}' ;;
*) cat >>"$HERE/stdin"; answer='${answers.secret ?? "fail"}' ;;
esac
[ "$answer" != fail ] || { echo "curl: (22) 403" >&2; exit 22; }
printf '%s' "$answer"
`;
  await writeFile(join(dir.path, "curl"), curl, { mode: 0o755 });
  await writeFile(join(dir.path, "cloud"), cloudScript(clientId), { mode: 0o755 });
  const result = await execa(join(dir.path, "cloud"), args, {
    env: { HERE: dir.path, PATH: `${dir.path}:${process.env.PATH}` },
    reject: false,
    stripFinalNewline: false,
  });
  const read = (file: string) => readFile(join(dir.path, file), "utf8").catch(() => "");
  return { ...result, arguments: await read("arguments"), stdin: await read("stdin") };
}

const digest = "0123456789abcdef".repeat(4);
const pod = `{\n "it's": "a Pod, as long as \\n several blocks: ${"x".repeat(50_000)}"\n}\n`;
const userData = Buffer.concat([Buffer.from(`${digest}\n`), packed(pod)]).toString("base64");

test("reads the wanted digest and the Pod from the machine's user data", async () => {
  const wanted = await run({ userData }, "wanted");
  assert.deepEqual([wanted.exitCode, wanted.stdout], [0, `${digest}\n`]);
  assert.match(
    wanted.arguments,
    /-H Metadata:true .*\/instance\/compute\/userData\?api-version=2021-01-01&format=text$/m,
  );
  const { exitCode, stdout } = await run({ userData }, "pod", digest);
  assert.equal(exitCode, 0);
  assert.equal(stdout, pod);
});

test("fails without an answer, and for incomplete user data", async () => {
  for (const args of [["wanted"], ["pod", digest]]) assert.notEqual((await run({}, ...args)).exitCode, 0);
  const cut = await run({ userData: userData.slice(0, 200) }, "pod", digest);
  assert.notEqual(cut.exitCode, 0);
});

test("takes the last part of a secret's id as its version", async () => {
  const secret = '{"value":"x","id":"https://cache-0123456789abcdef.vault.azure.net/secrets/one/0a1b2c"}';
  const { stdout, exitCode } = await run({ token: '{"access_token":"t"}', secret }, "version", secretId);
  assert.deepEqual([exitCode, stdout], [0, "0a1b2c"]);
});

test("prints the secret for the identity's client id, with a token that isn't an argument", async () => {
  const {
    stdout,
    exitCode,
    arguments: used,
    stdin,
  } = await run(
    { token: '{"access_token":"the-token"}', secret: '{"value":"line one\\nline two"}' },
    "secret",
    secretId,
  );
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
  test(`fails ${what}, and prints nothing that could be mistaken for the secret`, async () => {
    const { stdout, exitCode } = await run(answers, "secret", secretId);
    assert.notEqual(exitCode, 0);
    assert.doesNotMatch(stdout, /x/);
  });
}
