/** docs/state.md: restores a stack's state from its history, and moves a stack's state and secrets with the page's commands from one machine to a bucket and a key, and from there to another place. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { engineEnvironment, pulumiHome } from "../../scripts/engine/environment.ts";
import { troubleOf } from "../../scripts/engine/trouble.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { startKms, type TestKms } from "../support/kms.ts";
import { projectDirectory } from "../support/project.ts";
import { quickStart } from "../support/quick-starts.ts";
import { startS3, type TestS3 } from "../support/s3.ts";
import { scope, tempDir } from "../support/scope.ts";

const stack = "aws-eu-north-1";
const password = "not to be seen";
const key = "awskms://alias/pulumi-state?region=eu-central-1";

/** Exports a secret, and the output that docs/clients.md uses. */
const program = `import * as pulumi from "@pulumi/pulumi";
export const clients = { "eu-north-1": { check: "#!/bin/sh", containerd: { "gsoci.azurecr.io": "server" } } };
export const password = new pulumi.Config().getSecret("password");
`;

describe("the state", () => {
  const parts = scope({ after });
  let directory: string;
  let s3: TestS3;
  let kms: TestKms;
  let page: string;

  /** Runs a script for a user whose home is the project's directory, and who isn't logged in anywhere. */
  async function bash(script: string): Promise<string> {
    const { exitCode, stdout, all } = await execa("bash", ["-euo", "pipefail", "-c", script], {
      cwd: directory,
      env: {
        PATH: engineEnvironment().PATH,
        HOME: directory,
        PULUMI_HOME: pulumiHome,
        PULUMI_CREDENTIALS_PATH: directory,
        // Without `prepulumi` and the like, which takes as long as the command itself.
        npm_config_ignore_scripts: "true",
        ...kms.environment,
        ...s3.backend.environment,
      },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
    });
    assert.equal(exitCode, 0, all);
    return stdout;
  }

  const stackFile = () => readFile(join(directory, "stacks", `Pulumi.${stack}.yaml`), "utf8");
  const shown = () =>
    bash(`npm run --silent pulumi -- stack output --stack ${stack} --show-secrets password`);

  before(async () => {
    await ensureEngine();
    s3 = parts.use(await startS3());
    kms = parts.use(await startKms());
    directory = parts.use(await tempDir()).path;
    for (const name of ["stacks", "elsewhere"]) await mkdir(join(directory, name));
    // `npm run init` changes the copied files. The code that it runs is the project's.
    for (const name of ["node_modules", "scripts", "components", "package.json"]) {
      await symlink(join(projectDirectory, name), join(directory, name));
    }
    const project = await readFile(join(projectDirectory, "Pulumi.yaml"), "utf8");
    await writeFile(join(directory, "index.js"), program);
    await writeFile(join(directory, "Pulumi.yaml"), project.replace("main: start.js", "main: index.js"));
    await writeFile(
      join(directory, "stacks", `Pulumi.${stack}.yaml`),
      "config:\n  # Ours.\n  registry-cache:one: 1\n",
    );
    const script = (await readFile(join(projectDirectory, "docs", "state.md"), "utf8")).match(
      /^## Move the state.*?^```sh\n(.*?)^```$/ms,
    );
    page = script?.[1] ?? assert.fail("the page has no commands");
    await bash(`npm run pulumi -- stack init ${stack}
      npm run pulumi -- config set --stack ${stack} --secret password '${password}'
      npm run pulumi -- up --stack ${stack} --yes --skip-preview --suppress-outputs`);
    assert.match(await stackFile(), /^encryptionsalt: /m);
  });

  test("isn't previewed without its file, and no file is created", async () => {
    const said = await bash("! npm run --silent pulumi -- preview --stack aws-eu-nort-1 2>&1; ls stacks");
    assert.match(said, /^✗ stacks\/Pulumi\.aws-eu-nort-1\.yaml: there is no such file; the stacks are aws-/m);
    assert.doesNotMatch(said, /^Pulumi\.aws-eu-nort-1\.yaml/m);
  });

  test("outputs the clients' configuration by the command of docs/clients.md", async () => {
    const text = await readFile(join(projectDirectory, "docs", "clients.md"), "utf8");
    const [, command = ""] = text.match(/^(npm run .*) \| jq .*check' >registry-cache-check$/m) ?? [];
    const output = await bash(command.replace("aws-eu-central-1", stack));
    assert.equal(JSON.parse(output)["eu-north-1"].check, "#!/bin/sh");
  });

  test("gets other tools' values into its file by the command of docs/configuration.md, and keeps its comments", async () => {
    const before = await stackFile();
    const text = await readFile(join(projectDirectory, "docs", "configuration.md"), "utf8");
    const [, command = ""] = text.match(/^(npm run pulumi -- config set .*) "\$\(terraform .*$/m) ?? [];
    await bash(`${command.replace("aws-eu-central-1", stack)} vpc-1`);
    const value = "  registry-cache:regions:\n    - network:\n        vpc: vpc-1\n";
    assert.equal(await stackFile(), before.replace(/^encryptionsalt: /m, `${value}$&`));
    const path = join(directory, "stacks", `Pulumi.${stack}.yaml`);
    await writeFile(path, "config: {}\n");
    assert.doesNotMatch(await bash(`npm run pulumi -- preview --stack ${stack} 2>&1`), /salt/);
    assert.match(await stackFile(), /^encryptionsalt: /m);
    await writeFile(path, before);
  });

  test("is restored from its history on this machine by the page's commands", async () => {
    const state = `.local/state/registry-cache/pulumi/.pulumi/stacks/registry-cache/${stack}.json`;
    const text = await readFile(join(directory, state), "utf8");
    await writeFile(join(directory, state), text.slice(0, text.length / 2));
    const said = await bash(`! npm run --silent pulumi -- state repair --yes --stack ${stack} 2>&1`);
    assert.match(troubleOf({ stack, errors: [said] })?.wayOut ?? said, /docs\/state\.md/);
    const all = await readFile(join(projectDirectory, "docs", "state.md"), "utf8");
    const [, script = ""] = all.match(/^On this machine, .*?^```sh\n(.*?)^```$/ms) ?? [];
    await bash(script.replace(" up ", " up --yes --skip-preview "));
    assert.equal(await shown(), password);
  });

  test("moves from this machine to a bucket and a key without a change", async () => {
    await bash(page.replace(/NEW='.*?'/, `NEW='${s3.backend.url}'`));
    assert.match(await readFile(join(directory, "Pulumi.yaml"), "utf8"), /^backend:\n {2}url: s3:/m);
    const keys = await s3.keys(/\.pulumi\/stacks\//);
    assert.ok(
      keys.some((one) => one.endsWith(`/registry-cache/${stack}.json`)),
      keys.join(),
    );
    const text = await stackFile();
    assert.match(text, /^ {2}# Ours\.$/m);
    assert.ok(text.includes(`secretsprovider: ${key}`) && text.includes("encryptedkey: "), text);
    assert.doesNotMatch(text, new RegExp(`encryptionsalt|${password}`));
    assert.equal(await shown(), password);
  });

  test("is read from elsewhere without its key, by the commands of docs/outputs.md", async () => {
    const text = await readFile(join(projectDirectory, "docs", "outputs.md"), "utf8");
    const section = text.slice(text.indexOf("\n## From elsewhere\n")).replaceAll("aws-eu-central-1", stack);
    const [byPulumi = "", fromObject = ""] = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(
      ([, script = ""]) => script,
    );
    const { host, searchParams } = new URL(s3.backend.url);
    const signed = `--aws-sigv4 aws:amz:eu-central-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD"`;
    const get = `curl -fsS ${signed} http://${searchParams.get("endpoint")}/${host}/`;
    const scripts = [
      byPulumi.replace(/'s3:.*?'/, `'${s3.backend.url}'`),
      fromObject.replace(/^aws s3 cp s3:\/\/example-pulumi-state\/(\S+) -/, `${get}$1`),
    ];
    for (const script of scripts) {
      const output = await bash(`mkdir -p empty
        cd empty
        export HOME="$PWD" PULUMI_CREDENTIALS_PATH="$PWD" AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1
        ${script}`);
      assert.equal(JSON.parse(output)["eu-north-1"].check, "#!/bin/sh");
    }
  });

  test("is closed to users without rights, and each command says so", async () => {
    const stranger = Object.entries(await s3.stranger()).map(([name, value]) => `export ${name}='${value}'`);
    for (const command of [`pipeline -- up ${stack}`, `regions -- status ${stack}`]) {
      const said = await bash(`${stranger.join("\n")}\n! npm run --silent ${command} 2>&1`);
      assert.match(
        said,
        /The state's backend refuses these credentials\. Give them the rights .*AccessDenied/s,
      );
    }
  });

  test("of the stack local stays on this machine", async () => {
    await bash("npm run pulumi -- stack init --stack local");
    const file = join(
      ".local",
      "state",
      "registry-cache",
      "pulumi",
      ".pulumi",
      "stacks",
      "registry-cache",
      "local.json",
    );
    assert.ok(existsSync(join(directory, file)));
  });

  test("of the stack local is unlocked after a killed run by the command in the next run's message", async () => {
    const locks = join(directory, ".local/state/registry-cache/pulumi/.pulumi/locks/organization");
    const held = { pid: 1, username: "me", hostname: "here", timestamp: "2026-11-28T00:00:00Z" };
    await mkdir(join(locks, "registry-cache", "local"), { recursive: true });
    await writeFile(join(locks, "registry-cache", "local", `${randomUUID()}.json`), JSON.stringify(held));
    const said = await bash("npm run --silent local -- down --purge 2>&1 && exit 1 || true");
    assert.match(said, /currently locked by 1 lock/);
    const [, command = assert.fail(said)] = said.match(/way out: .*`(npm run .*?)`/) ?? [];
    await bash(command);
    assert.match(await bash("npm run local -- down --purge"), /The cache is down/);
  });

  test("of the stack local is destroyed with its last configuration, even without its file", async () => {
    await bash(`npm run local -- down
      mkdir -p clone/stacks
      cp -rL scripts components Pulumi.yaml clone
      ln -s ../node_modules clone`);
    const down = "cd clone; node scripts/local.ts down";
    assert.match(await bash(`${down} --purge`), /The cache is down/);
    assert.match(await bash(`! (${down}) 2>&1`), /way out: bring it back: `git checkout .*\.local\.yaml`/);
  });

  test("of the stack local without its passphrase: the message names the file, and the stack can be removed", async () => {
    await bash(`npm run pulumi -- stack init --stack local
      rm .local/state/registry-cache/pulumi-passphrase`);
    const said = await bash("npm run --silent local -- down 2>&1 && exit 1 || true");
    assert.match(said, /way out: bring back the stack's passphrase, .*\/pulumi-passphrase, or .*--purge/);
    assert.match(await bash("npm run local -- down --purge"), /The cache is down/);
    assert.match(await bash("npm run local -- down"), /The cache is down/);
  });

  test("can be replaced with the same key after a loss, by the commands of docs/day-2.md", async () => {
    const before = await stackFile();
    const lost = (await readFile(join(projectDirectory, "docs", "day-2.md"), "utf8")).replaceAll(
      "aws-eu-central-1",
      stack,
    );
    const [note = ""] = lost.match(/^ *KEY=.*$/m) ?? [];
    const inits = lost.match(/npm run pulumi -- stack init [^ ]+ \$\{KEY[^}]*\}/g) ?? [];
    assert.equal(inits.length, 2);
    for (const [index, init] of inits.entries()) {
      const backend = join(directory, `made-again-${index}`);
      const rename = index === 0 ? "" : `cp stacks/Pulumi.${stack}.yaml stacks/Pulumi.${stack}-b.yaml`;
      await bash(`${note}
        sed -i '/^encryptedkey/d; /secure:/d' stacks/Pulumi.${stack}.yaml
        ${rename}
        mkdir ${backend}
        export PULUMI_BACKEND_URL=file://${backend}
        ${init}`);
      const name = index === 0 ? stack : `${stack}-b`;
      const text = await readFile(join(directory, "stacks", `Pulumi.${name}.yaml`), "utf8");
      assert.ok(text.includes(`secretsprovider: ${key}`) && text.includes("encryptedkey: "), text);
      assert.doesNotMatch(text, /encryptionsalt/);
      await writeFile(join(directory, "stacks", `Pulumi.${stack}.yaml`), before);
    }
    await bash(`rm stacks/Pulumi.${stack}-b.yaml`);
  });

  test("moves to another place with its key", async () => {
    await bash(
      page
        .replace(/^export PULUMI_CONFIG_PASSPHRASE_FILE.*\n/m, "")
        .replace(/OLD=".*?"/, `OLD='${s3.backend.url}'`)
        .replace(/NEW='.*?'/, `NEW='file://${join(directory, "elsewhere")}'`),
    );
    const text = await stackFile();
    assert.ok(text.includes(`secretsprovider: ${key}`) && text.includes("encryptedkey: "), text);
    assert.doesNotMatch(text, /encryptionsalt/);
    assert.equal(await shown(), password);
  });

  // A small program replaces the cloud's. A unit test checks that the other quick starts have the same commands.
  test("is created and removed by the commands of the quick start for a VM in AWS", async () => {
    const { stack, file, text, commands } = quickStart("aws-vm");
    await writeFile(join(directory, "stacks", `Pulumi.${stack}.yaml`), file);
    // The bucket already has a stack of this name.
    const backend = s3.backend.url.replace("?", "/quick-start?");
    const [, provider = ""] = text.match(/add `(--secrets-provider '[^']+')` to the second command/) ?? [];
    const script = commands
      .filter((line) => line.startsWith("npm run"))
      .map((line) => line.replace(/--state '.*'/, `--state '${backend}'`))
      .map((line) => line.replace(/ stack init \S+$/, `$& ${provider}`))
      .map((line) => (/ (?:up|destroy) /.test(line) ? `${line} --yes --skip-preview` : line));
    await bash(script.join("\n"));
    assert.equal(await readFile(join(directory, "hosts.toml"), "utf8"), "server\n");
    assert.ok((await s3.keys(/^quick-start\/\.pulumi\//)).length > 0);
    assert.deepEqual(await s3.keys(new RegExp(`^quick-start/\\.pulumi/stacks/.*/${stack}\\.json$`)), []);
    assert.ok(!existsSync(join(directory, "stacks", `Pulumi.${stack}.yaml`)));
  });
});
