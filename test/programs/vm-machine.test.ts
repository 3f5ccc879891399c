/** machine.sh, with doubles of the secret store and of the time. */
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { issue, type KeyPairFiles, makeAuthority } from "../../components/hosts/private-ca.ts";
import { identityRules } from "../../components/hosts/vm/pod.ts";
import { shellVariables } from "../../components/hosts/vm/user-data.ts";
import { identityGroup, podUser } from "../../components/pod/pod.ts";
import { script } from "../../components/shell/script.ts";
import { scope, tempDir } from "../support/scope.ts";

const hostname = "cache.example.com";
const source = script(import.meta.resolve("../../components/hosts/vm/machine.sh"), "machine.sh");

type Settings = Partial<
  Record<
    "SECRETS" | "CERTIFICATE_SECRET" | "AUTHORITY_SECRET" | "CERTIFICATE_NAME" | "PROGRAM" | "JOURNAL",
    string
  >
>;

type Mode = "directories" | "prepare" | "follow" | "tidy";

interface Machine {
  readonly directory: string;
  /** The environment of machine.sh. */
  readonly env: Readonly<Record<string, string>>;
  run(mode?: Mode): Promise<{ readonly exitCode?: number; readonly stdout: string; readonly stderr: string }>;
  /** Writes the settings of the next Pod. */
  configure(settings: Settings): Promise<void>;
  /** Stores a value with a new version, or removes it. */
  setSecret(name: string, value?: string): Promise<void>;
  /** Names of the secrets whose values, not versions, were read since the last call. */
  read(): Promise<string[]>;
  /** Replaces one of the system's programs. */
  setProgram(name: string, text: string): Promise<void>;
  removeProgram(name: string): Promise<void>;
  /** The content of a file on the data disk or elsewhere in the directory, or undefined. */
  content(path: string): Promise<string | undefined>;
  certificate(): Promise<X509Certificate>;
}

async function machine(t: TestContext, settings: Settings): Promise<Machine> {
  const directory = scope(t).use(await tempDir()).path;
  const at = (...parts: string[]) => join(directory, ...parts);
  for (const part of ["data", "store", "versions", "bin", "run"]) await mkdir(at(part));
  const executable = (path: string, text: string) => writeFile(path, text, { mode: 0o755 });
  await executable(at("machine.sh"), source);
  await writeFile(at("registry-cache"), "#!/bin/sh\necho on call\n");
  await writeFile(at("journald.conf"), "[Journal]\n");
  // Not this machine's own rules.
  for (const name of ["systemctl", "nft"]) await executable(at("bin", name), "#!/bin/sh\n");
  await executable(
    at("cloud"),
    `#!/bin/sh
case $1 in
version) exec cat "${at("versions")}/$2" ;;
secret) echo "$2" >>"${at("read")}"; exec cat "${at("store")}/$2" ;;
esac
`,
  );
  const content = (path: string) => readFile(at(path), "utf8").catch(() => undefined);
  const env = {
    PATH: [at("bin"), process.env.PATH].join(delimiter),
    STATE: at("state"),
    RUN: at("run"),
    UNIT: "registry-cache@",
    CLOUD: at("cloud"),
  };
  let version = 0;
  const it: Machine = {
    directory,
    configure: (settings) =>
      writeFile(
        at("settings"),
        shellVariables({
          DATA: at("data"),
          OWNER: String(process.getuid?.()),
          DIRECTORIES: "tls cache",
          SECRETS: "",
          SECRET_FILE: "get",
          CERTIFICATE_SECRET: "",
          AUTHORITY_SECRET: "",
          CERTIFICATE_NAME: "",
          REMOVED: "removed",
          PROGRAM: at("bin", "registry-cache"),
          JOURNAL: at("etc", "journald.conf.d", "cache.conf"),
          ...settings,
        }),
      ),
    env,
    run: (mode = "prepare") => execa(at("machine.sh"), [mode], { env, reject: false }),
    async setSecret(name, value) {
      version += 1;
      const files = { store: value, versions: value && String(version) };
      for (const [part, text] of Object.entries(files)) {
        if (text === undefined) await rm(at(part, name));
        else await writeFile(at(part, name), text);
      }
    },
    async read() {
      const names = ((await content("read")) ?? "").split("\n").filter(Boolean);
      await writeFile(at("read"), "");
      return names;
    },
    setProgram: (name, text) => executable(at("bin", name), text),
    removeProgram: (name) => rm(at("bin", name)),
    content,
    certificate: async () => new X509Certificate((await content("data/tls/tls.crt")) ?? ""),
  };
  await it.configure(settings);
  return it;
}

async function authority(
  t: TestContext,
): Promise<{ files: KeyPairFiles; pem: string; root: X509Certificate }> {
  const { path } = scope(t).use(await tempDir());
  const files = await makeAuthority([hostname], path);
  const [certificate, key] = await Promise.all(
    [files.certificateFile, files.keyFile].map((it) => readFile(it, "utf8")),
  );
  return { files, pem: `${certificate}${key}`, root: new X509Certificate(certificate ?? "") };
}

/** Chain and key from an authority, in the form of a secret store. */
async function bundle(t: TestContext, files: KeyPairFiles): Promise<string> {
  const { path } = scope(t).use(await tempDir());
  const target = { certificateFile: join(path, "crt"), keyFile: join(path, "key") };
  await issue(files, [hostname], target);
  const texts = [target.keyFile, target.certificateFile, files.certificateFile].map((it) =>
    readFile(it, "utf8"),
  );
  return (await Promise.all(texts)).join("");
}

async function succeeds(of: Machine, mode?: Mode): Promise<void> {
  const { exitCode, stderr } = await of.run(mode);
  assert.equal(exitCode, 0, stderr);
}

async function isPair(of: Machine): Promise<boolean> {
  const key = (await of.content("data/tls/tls.key")) ?? "";
  return (await of.certificate()).checkPrivateKey(createPrivateKey(key));
}

test("issues a certificate by the stack's authority once, for the name, and again shortly before it expires", async (t) => {
  const { pem, root, files } = await authority(t);
  const first = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await first.setSecret("ca", pem);
  await succeeds(first);
  const made = await first.certificate();
  assert.ok(made.verify(root.publicKey) && (await isPair(first)));
  assert.equal(made.checkHost(hostname), hostname);
  assert.equal(made.checkHost("other.example.com"), undefined);
  assert.equal(made.ca, false);

  await succeeds(first, "follow");
  assert.equal((await first.certificate()).fingerprint256, made.fingerprint256);

  await publishFor(first, files, 29);
  const old = await first.certificate();
  await succeeds(first, "follow");
  const renewed = await first.certificate();
  assert.ok(renewed.fingerprint256 !== old.fingerprint256 && renewed.verify(root.publicKey));
});

/** Issues and publishes a certificate as machine.sh does, for fewer days. */
async function publishFor(
  of: Machine,
  { certificateFile, keyFile }: KeyPairFiles,
  days: number,
): Promise<void> {
  const tls = join(of.directory, "data/tls");
  for (const part of ["tls.crt", "tls.key"]) await rm(join(tls, part), { force: true });
  await execa("openssl", [
    ...[
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=test",
    ],
    ...["-days", String(days), "-CA", certificateFile, "-CAkey", keyFile],
    ...["-addext", `subjectAltName=DNS:${hostname}`, "-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", join(tls, "tls.key"), "-out", join(tls, "tls.crt")],
  ]);
}

test("keeps the certificate on the disk of a new machine, and reads the authority's key for that once", async (t) => {
  const { pem } = await authority(t);
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", pem);
  await succeeds(of);
  const { fingerprint256 } = await of.certificate();
  await rm(join(of.directory, "state"), { recursive: true });
  await of.read();
  for (const mode of ["prepare", "follow"] as const) await succeeds(of, mode);
  assert.equal((await of.certificate()).fingerprint256, fingerprint256);
  assert.deepEqual(await of.read(), ["ca"]);
});

test("issues another certificate for a Pod with another name, once it is applied", async (t) => {
  const { pem } = await authority(t);
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", pem);
  await succeeds(of);
  await of.configure({ AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: "other.example.com" });
  await succeeds(of);
  assert.ok((await of.certificate()).checkHost(hostname));
  await succeeds(of, "follow");
  assert.ok((await of.certificate()).checkHost("other.example.com"));
});

test("issues another certificate for another authority", async (t) => {
  const [one, other] = [await authority(t), await authority(t)];
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", one.pem);
  await succeeds(of);
  await of.setSecret("ca", other.pem);
  await succeeds(of, "follow");
  assert.ok((await of.certificate()).verify(other.root.publicKey));
});

test("keeps no key of the authority on the data disk", async (t) => {
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", (await authority(t)).pem);
  await succeeds(of);
  const { stdout } = await execa("find", [join(of.directory, "data"), "-type", "f", "-printf", "%P %m\n"]);
  assert.deepEqual(stdout.split("\n").sort(), ["tls/tls.crt 400", "tls/tls.key 400"]);
});

test("publishes a provided certificate with its chain, and replaces it with a new one", async (t) => {
  const { files, root } = await authority(t);
  const of = await machine(t, { CERTIFICATE_SECRET: "tls" });
  for (const mode of ["prepare", "follow"] as const) {
    const value = await bundle(t, files);
    await of.setSecret("tls", value);
    await succeeds(of, mode);
    assert.ok((await isPair(of)) && (await of.certificate()).verify(root.publicKey));
    const blocks = (await of.content("data/tls/tls.crt"))?.match(/BEGIN [A-Z ]+/g);
    assert.deepEqual(blocks, ["BEGIN CERTIFICATE", "BEGIN CERTIFICATE"]);
    assert.ok(value.includes((await of.certificate()).toString()));
  }
});

test("refuses a certificate without its key, and keeps the previous pair", async (t) => {
  const { files } = await authority(t);
  const of = await machine(t, { CERTIFICATE_SECRET: "tls" });
  const good = await bundle(t, files);
  await of.setSecret("tls", good);
  await succeeds(of);
  const before = await of.certificate();
  const [key = ""] = good.split("-----BEGIN CERTIFICATE-----");
  const stranger = await bundle(t, files);
  for (const bad of [key + stranger.slice(stranger.indexOf("-----BEGIN CERTIFICATE-----")), "nothing", key]) {
    await of.setSecret("tls", bad);
    assert.notEqual((await of.run("follow")).exitCode, 0);
    assert.equal((await of.certificate()).fingerprint256, before.fingerprint256);
    assert.ok(await isPair(of));
    // The Pod starts with the previous pair.
    await succeeds(of);
  }
});

for (const mode of ["provided", "private"] as const) {
  test(`repairs an interruption between its two files at the next start: ${mode}`, async (t) => {
    const { files, pem } = await authority(t);
    const other = await authority(t);
    const of =
      mode === "provided"
        ? await machine(t, { CERTIFICATE_SECRET: "secret" })
        : await machine(t, { AUTHORITY_SECRET: "secret", CERTIFICATE_NAME: hostname });
    await of.setSecret("secret", mode === "provided" ? await bundle(t, files) : pem);
    await succeeds(of);
    await of.setSecret("secret", mode === "provided" ? await bundle(t, other.files) : other.pem);
    await of.setProgram("mv", '#!/bin/sh\ncase $2 in *.crt) exit 1 ;; esac\nexec /bin/mv "$@"\n');
    assert.notEqual((await of.run("follow")).exitCode, 0);
    assert.equal(await isPair(of), false);
    await of.removeProgram("mv");
    await succeeds(of);
    assert.ok((await isPair(of)) && (await of.certificate()).verify(other.root.publicKey));
  });
}

async function withTwo(t: TestContext): Promise<Machine> {
  const of = await machine(t, { SECRETS: "credentials-one=one remote-write=two" });
  await of.setSecret("one", `{"Secret":"it's $(a) \\"secret\\""}\n\n`);
  await of.setSecret("two", "2");
  return of;
}

for (const mode of ["directories", "prepare", "follow"] as const) {
  test(`installs the on-call program of the Pod, which doesn't depend on it: ${mode}`, async (t) => {
    const it = await machine(t, {});
    await it.setProgram("registry-cache", "an earlier one");
    assert.equal((await it.run(mode)).exitCode, 0);
    assert.equal((await execa(join(it.directory, "bin", "registry-cache"))).stdout, "on call");
    const { ino } = await stat(join(it.directory, "bin", "registry-cache"));
    await it.run(mode);
    assert.equal((await stat(join(it.directory, "bin", "registry-cache"))).ino, ino, "it is left alone");
    await it.configure({ PROGRAM: join(it.directory, "none", "registry-cache") });
    assert.equal((await it.run(mode)).exitCode, 0, "where it can't be written");
  });
}

test("limits how long the journal keeps clients' addresses, and restarts it only for a change", async (t) => {
  const it = await machine(t, {});
  const [calls, settings] = ["calls", "etc/journald.conf.d/cache.conf"];
  const systemctl = (exit: number) =>
    it.setProgram("systemctl", `#!/bin/sh\necho "$@" >>"${join(it.directory, calls)}"\nexit ${exit}\n`);
  await systemctl(1);
  const failed = await it.run("directories");
  assert.equal(failed.exitCode, 0);
  assert.equal(failed.stderr, `journal: ${join(it.directory, settings)} can't be applied`);
  assert.equal(await it.content(settings), undefined, "it tries again");
  await systemctl(0);
  for (const mode of ["prepare", "follow", "directories"] as const) await succeeds(it, mode);
  assert.equal(await it.content(settings), "[Journal]\n");
  assert.equal((await stat(join(it.directory, settings))).mode & 0o777, 0o644);
  assert.equal(await it.content(calls), "restart systemd-journald\n".repeat(2));
  await it.configure({ JOURNAL: "/proc/none/cache.conf" });
  await succeeds(it, "follow");
});

test("gives the machine's identity only to containers that use it, but changes nothing before the Pod runs", async (t) => {
  const it = await machine(t, {});
  await it.removeProgram("nft");
  await writeFile(join(it.directory, "identity.nft"), identityRules);
  const url = "http://169.254.169.254/";
  const ask = (group: number) =>
    `setpriv --reuid ${podUser} --regid ${group} --clear-groups curl -s -o /dev/null -w '%{http_code} ' ${url} || :`;
  /** The status of answers to a container, 000 without one, and to a container that uses the identity. */
  const answers = async (...modes: Mode[]) => {
    const script = `
      ip link set lo up
      ip address add 169.254.169.254 dev lo
      for mode in ${modes.join(" ")}; do "$0" $mode; done
      node -e 'require("node:http").createServer((_, answer) => answer.end()).listen(80)' &
      until curl -s ${url}; do sleep 0.1; done
      ${ask(podUser)}
      ${ask(identityGroup)}
      kill $!`;
    const command = ["--net", "sh", "-euc", script, join(it.directory, "machine.sh")];
    return (await execa("unshare", command, { env: it.env })).stdout.trim();
  };
  assert.equal(await answers("prepare"), "200 200");
  for (const mode of ["directories", "follow"] as const) {
    assert.equal(await answers(mode), "000 200");
    assert.equal(await answers(mode, "prepare", mode), "000 200");
  }
  await it.setProgram("nft", "#!/bin/sh\nexit 1\n");
  const failed = await it.run("follow");
  assert.equal(failed.exitCode, 0);
  assert.equal(failed.stderr, "identity: containers can reach the metadata service");
});

test("writes secrets to files for only the Pod's user, byte by byte", async (t) => {
  const of = await withTwo(t);
  await succeeds(of);
  const [one, two] = ["state/secrets/credentials-one/get", "state/secrets/remote-write/get"];
  assert.equal(await of.content(one), `{"Secret":"it's $(a) \\"secret\\""}\n\n`);
  assert.equal(await of.content(two), "2");
  const modes = await Promise.all([one, dirname(one)].map((it) => stat(join(of.directory, it))));
  assert.deepEqual(
    modes.map(({ mode }) => mode & 0o777),
    [0o400, 0o700],
  );
});

test("reads a secret only in a new version", async (t) => {
  const of = await withTwo(t);
  await succeeds(of);
  await of.read();
  assert.equal((await of.run("follow")).stdout, "");
  assert.deepEqual(await of.read(), []);
  await of.setSecret("two", "3");
  assert.equal((await of.run("follow")).stdout, "remote-write: version 3");
  assert.deepEqual(await of.read(), ["two"]);
  assert.equal(await of.content("state/secrets/remote-write/get"), "3");
});

test("restarts for a new version only what reads the secret at its start", async (t) => {
  const of = await withTwo(t);
  const calls = join(of.directory, "calls");
  const systemctl = (exit: number) =>
    of.setProgram("systemctl", `#!/bin/sh\necho "$@" >>"${calls}"\nexit ${exit}\n`);
  for (const part of ["origin-one", "prometheus"]) {
    await mkdir(join(of.directory, "parts", part), { recursive: true });
    await writeFile(join(of.directory, "parts", part, "pod"), `cache-${part}-1`);
  }
  await writeFile(join(of.directory, "parts/origin-one/secret"), "credentials-one");
  await systemctl(0);
  await succeeds(of);
  await rm(calls);
  await succeeds(of, "follow");
  await of.setSecret("two", "3");
  await succeeds(of, "follow");
  assert.equal(await of.content("calls"), undefined);
  await of.setSecret("one", "new");
  await systemctl(1);
  assert.notEqual((await of.run("follow")).exitCode, 0);
  await systemctl(0);
  await succeeds(of, "follow");
  const restart = "try-restart registry-cache@cache-origin-one-1.service\n";
  assert.equal(await of.content("calls"), restart + restart);
  assert.equal(await of.content("state/secrets/credentials-one/get"), "new");
});

test("treats the same version of another secret as new", async (t) => {
  const of = await withTwo(t);
  await succeeds(of);
  await of.configure({ SECRETS: "credentials-one=two" });
  await succeeds(of);
  assert.equal(await of.content("state/secrets/credentials-one/get"), "2");
});

test("keeps an earlier Pod's files until the next Pod was good", async (t) => {
  const of = await withTwo(t);
  await succeeds(of);
  await of.configure({ SECRETS: "credentials-one=one" });
  await succeeds(of);
  assert.equal(await of.content("state/secrets/remote-write/get"), "2");
  await succeeds(of, "follow");
  assert.equal(await of.content("state/secrets/remote-write/get"), undefined);
  assert.ok(await of.content("state/secrets/credentials-one/get"));
});

test("starts a Pod with the stored secrets while the store can't be reached, and fails to follow", async (t) => {
  const of = await withTwo(t);
  const { files } = await authority(t);
  const settings = { SECRETS: "credentials-one=one remote-write=two", CERTIFICATE_SECRET: "tls" };
  await of.configure(settings);
  await of.setSecret("tls", await bundle(t, files));
  await succeeds(of);
  for (const name of ["one", "two", "tls"]) await of.setSecret(name);
  await succeeds(of);
  const { exitCode, stderr } = await of.run("follow");
  assert.equal(exitCode, 1);
  assert.match(stderr, /\nsecret: tls can't be taken$/);
  await of.configure({ ...settings, SECRETS: "credentials-one=other" });
  const refused = await of.run();
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /secret: other can't be taken/);
});

test("follows all other secrets if one can't be read", async (t) => {
  const of = await withTwo(t);
  await succeeds(of);
  await of.setSecret("one");
  await of.setSecret("two", "3");
  assert.equal((await of.run("follow")).exitCode, 1);
  assert.equal(await of.content("state/secrets/remote-write/get"), "3");
});

test("installs another provided certificate only for an applied Pod", async (t) => {
  const of = await machine(t, { CERTIFICATE_SECRET: "one" });
  for (const name of ["one", "two"]) await of.setSecret(name, await bundle(t, (await authority(t)).files));
  await succeeds(of);
  const { fingerprint256 } = await of.certificate();
  await of.configure({ CERTIFICATE_SECRET: "two" });
  await succeeds(of);
  assert.equal((await of.certificate()).fingerprint256, fingerprint256);
  await succeeds(of, "follow");
  assert.notEqual((await of.certificate()).fingerprint256, fingerprint256);
});

test("keeps what is no longer configured while a Pod has it", async (t) => {
  const of = await withTwo(t);
  const { pem } = await authority(t);
  await of.configure({
    SECRETS: "credentials-one=one remote-write=two",
    AUTHORITY_SECRET: "ca",
    CERTIFICATE_NAME: hostname,
  });
  await of.setSecret("ca", pem);
  await succeeds(of);
  await succeeds(of, "follow");
  const { fingerprint256 } = await of.certificate();
  for (const name of ["two", "ca"]) await of.setSecret(name, "removed");
  for (const mode of ["follow", "prepare"] as const) await succeeds(of, mode);
  assert.equal(await of.content("state/secrets/remote-write/get"), "2");
  assert.equal((await of.certificate()).fingerprint256, fingerprint256);
  await of.setSecret("two", "3");
  await succeeds(of, "follow");
  assert.equal(await of.content("state/secrets/remote-write/get"), "3");
});

test("removes images that no Pod here names, and keeps one that podman reports in use", async (t) => {
  const of = await machine(t, {});
  await of.setProgram(
    "podman",
    `#!/bin/sh
case "$*" in
"image inspect "*example.com/one) echo 1111 ;;
"image inspect "*example.com/two@*) echo 2222 ;;
"image inspect "*) exit 125 ;;
"images "*) printf 'sha256:%s\\n' 1111 2222 3333 3333 4444 ;;
"image rm "*) echo "$*" >>"${join(of.directory, "removed")}"; exit 2 ;;
esac
`,
  );
  const images = ["example.com/one", "example.com/two@sha256:2222", "example.com/never-pulled"];
  for (const [index, image] of images.entries()) {
    const part = join(of.directory, "state/pods", `pod${index % 2}`, "parts", `part${index}`);
    await mkdir(part, { recursive: true });
    await writeFile(join(part, "image"), image);
  }
  await of.run("tidy");
  assert.equal(await of.content("removed"), "image rm sha256:3333 sha256:4444\n");
});

test("needs only the directories for a boot, and no store", async (t) => {
  const of = await machine(t, { SECRETS: "credentials-one=one" });
  await succeeds(of, "directories");
  const { stdout } = await execa("find", [
    join(of.directory, "data"),
    "-mindepth",
    "1",
    "-printf",
    "%P %m\n",
  ]);
  assert.deepEqual(stdout.split("\n").sort(), ["cache 700", "tls 700"]);
});
