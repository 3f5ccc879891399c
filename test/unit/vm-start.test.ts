/** start.sh, with a secret store, podman and time that the test makes. */
import assert from "node:assert/strict";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { issue, type KeyPairFiles, makeAuthority } from "../../components/hosts/private-ca.ts";
import { script } from "../../components/pod/script.ts";
import { scope, tempDir } from "../support/scope.ts";

const hostname = "cache.example.com";
const source = script(import.meta.resolve("../../components/hosts/vm/start.sh"), "start.sh");

type Settings = Partial<
  Record<
    "POD" | "POD_DIGEST" | "SECRETS" | "CERTIFICATE_SECRET" | "AUTHORITY_SECRET" | "CERTIFICATE_NAME",
    string
  >
>;

interface Machine {
  readonly directory: string;
  run(...args: string[]): Promise<{ readonly exitCode?: number; readonly stderr: string }>;
  /** What the store has, or no more. */
  setSecret(name: string, value?: string): Promise<void>;
  /** A program in the place of the system's. */
  setProgram(name: string, text: string): Promise<void>;
  removeProgram(name: string): Promise<void>;
  /** Of a file below the data disk or elsewhere in the directory, or undefined. */
  content(path: string): Promise<string | undefined>;
  certificate(): Promise<X509Certificate>;
}

async function machine(t: TestContext, settings: Settings): Promise<Machine> {
  const directory = scope(t).use(await tempDir()).path;
  const at = (...parts: string[]) => join(directory, ...parts);
  for (const part of ["data", "store", "bin", "secrets"]) await mkdir(at(part));
  const executable = async (path: string, text: string) => {
    await writeFile(path, text);
    await chmod(path, 0o755);
  };
  const all = {
    DATA: at("data"),
    OWNER: String(process.getuid?.()),
    DIRECTORIES: "tls cache",
    ...{
      POD: "",
      POD_DIGEST: "",
      SECRETS: "",
      CERTIFICATE_SECRET: "",
      AUTHORITY_SECRET: "",
      CERTIFICATE_NAME: "",
    },
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}='${value}'\n`);
  await writeFile(at("machine.conf"), lines.join(""));
  await executable(at("start.sh"), source);
  await executable(
    at("fetch-secret"),
    `#!/bin/sh\necho "$1" >>${at("asked")}\nexec cat "${at("store")}/$1"\n`,
  );
  await executable(at("bin", "sleep"), "#!/bin/sh\n");
  await executable(
    at("bin", "podman"),
    `#!/bin/sh
case "$1 $2" in
"secret exists") [ -e "${at("secrets")}/$3" ] ;;
"secret create") [ "$3" = --replace ] && [ "$5" = - ] && cat >"${at("secrets")}/$4" ;;
*) exit 2 ;;
esac
`,
  );
  const content = (path: string) => readFile(at(path), "utf8").catch(() => undefined);
  return {
    directory,
    run: (...args) =>
      execa(at("start.sh"), args, {
        env: { PATH: [at("bin"), process.env.PATH].join(delimiter) },
        reject: false,
      }),
    setSecret: (name, value) =>
      value === undefined ? rm(at("store", name)) : writeFile(at("store", name), value),
    setProgram: (name, text) => executable(at("bin", name), text),
    removeProgram: (name) => rm(at("bin", name)),
    content,
    certificate: async () => new X509Certificate((await content("data/tls/tls.crt")) ?? ""),
  };
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

/** Chain and key by an authority, as they stand in a store. */
async function bundle(t: TestContext, files: KeyPairFiles): Promise<string> {
  const { path } = scope(t).use(await tempDir());
  const target = { certificateFile: join(path, "crt"), keyFile: join(path, "key") };
  await issue(files, [hostname], target);
  const texts = [target.keyFile, target.certificateFile, files.certificateFile].map((it) =>
    readFile(it, "utf8"),
  );
  return (await Promise.all(texts)).join("");
}

async function succeeds(of: Machine, ...args: string[]): Promise<void> {
  const { exitCode, stderr } = await of.run(...args);
  assert.equal(exitCode, 0, stderr);
}

async function isPair(of: Machine): Promise<boolean> {
  const key = (await of.content("data/tls/tls.key")) ?? "";
  return (await of.certificate()).checkPrivateKey(createPrivateKey(key));
}

test("a certificate by the stack's authority: made once, for the name, and made anew when it nears its end", async (t) => {
  const { pem, root } = await authority(t);
  const first = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await first.setSecret("ca", pem);
  await succeeds(first);
  const made = await first.certificate();
  assert.ok(made.verify(root.publicKey) && (await isPair(first)));
  assert.equal(made.checkHost(hostname), hostname);
  assert.equal(made.checkHost("other.example.com"), undefined);
  assert.equal(made.ca, false);

  await succeeds(first, "certificate");
  assert.equal((await first.certificate()).fingerprint256, made.fingerprint256);

  const later = Math.floor(Date.now() / 1000) + 340 * 24 * 3600;
  await first.setProgram("date", `#!/bin/sh\necho ${later}\n`);
  await succeeds(first, "certificate");
  const renewed = await first.certificate();
  assert.ok(renewed.fingerprint256 !== made.fingerprint256 && renewed.verify(root.publicKey));
});

test("another authority makes another certificate", async (t) => {
  const [one, other] = [await authority(t), await authority(t)];
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", one.pem);
  await succeeds(of);
  await of.setSecret("ca", other.pem);
  await succeeds(of, "certificate");
  assert.ok((await of.certificate()).verify(other.root.publicKey));
});

test("no key of the authority stays on the data disk", async (t) => {
  const of = await machine(t, { AUTHORITY_SECRET: "ca", CERTIFICATE_NAME: hostname });
  await of.setSecret("ca", (await authority(t)).pem);
  await succeeds(of);
  const { stdout } = await execa("find", [join(of.directory, "data"), "-type", "f", "-printf", "%P %m\n"]);
  assert.deepEqual(stdout.split("\n").sort(), ["tls/tls.crt 400", "tls/tls.key 400"]);
});

test("a provided certificate is published with its chain, and a new one in its place", async (t) => {
  const { files, root } = await authority(t);
  const of = await machine(t, { CERTIFICATE_SECRET: "tls" });
  for (const value of [await bundle(t, files), await bundle(t, files)]) {
    await of.setSecret("tls", value);
    await succeeds(of);
    assert.ok((await isPair(of)) && (await of.certificate()).verify(root.publicKey));
    const blocks = (await of.content("data/tls/tls.crt"))?.match(/BEGIN [A-Z ]+/g);
    assert.deepEqual(blocks, ["BEGIN CERTIFICATE", "BEGIN CERTIFICATE"]);
    assert.ok(value.includes((await of.certificate()).toString()));
  }
});

test("what isn't a pair is refused, and what was there stays", async (t) => {
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
    assert.notEqual((await of.run("certificate")).exitCode, 0);
    assert.equal((await of.certificate()).fingerprint256, before.fingerprint256);
    assert.ok(await isPair(of));
    // The Pod starts with it all the same.
    await succeeds(of);
  }
});

for (const mode of ["provided", "private"] as const) {
  test(`${mode}: cut short between its two files, the next start repairs it`, async (t) => {
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
    assert.notEqual((await of.run("certificate")).exitCode, 0);
    assert.equal(await isPair(of), false);
    await of.removeProgram("mv");
    await succeeds(of);
    assert.ok((await isPair(of)) && (await of.certificate()).verify(other.root.publicKey));
  });
}

async function timesAsked(of: Machine): Promise<number> {
  const asked = (await of.content("asked"))?.match(/\n/g)?.length ?? 0;
  await writeFile(join(of.directory, "asked"), "");
  return asked;
}

test("it waits ten minutes for the rights of a new identity, and then fails", async (t) => {
  const of = await machine(t, { SECRETS: "pod-one=one pod-two=two" });
  assert.equal((await of.run()).exitCode, 1);
  assert.equal(await timesAsked(of), 40);
});

test("secrets become those of podman: a whole Kubernetes Secret, whatever is in it", async (t) => {
  const value = `{"Secret":"it's $(a) \\"secret\\""}`;
  const of = await machine(t, { SECRETS: "pod-one=one pod-two=two" });
  await of.setSecret("one", value);
  await of.setSecret("two", "2");
  await succeeds(of);
  const { data, ...manifest } = parse((await of.content("secrets/pod-one")) ?? "");
  assert.deepEqual(manifest, { apiVersion: "v1", kind: "Secret", metadata: { name: "pod-one" } });
  assert.equal(Buffer.from(data.credentials, "base64").toString(), value);
  assert.match((await of.content("secrets/pod-two")) ?? "", /name: pod-two/);
});

test("while the store can't be reached, it starts soon with what an earlier start left", async (t) => {
  const of = await machine(t, { SECRETS: "pod-one=one pod-two=two", CERTIFICATE_SECRET: "tls" });
  await of.setSecret("one", "1");
  await of.setSecret("two", "2");
  await of.setSecret("tls", await bundle(t, (await authority(t)).files));
  await succeeds(of);
  for (const name of ["one", "two", "tls"]) await of.setSecret(name);
  await timesAsked(of);
  await succeeds(of);
  // Four times each, 45 s: under TimeoutStartSec, however many there are.
  assert.equal(await timesAsked(of), 12);
});

test("the Pod is fetched once, and no other than the one that the user data means", async (t) => {
  const yaml = "kind: Pod\n";
  const POD_DIGEST = createHash("sha256").update(yaml).digest("hex");
  const of = await machine(t, { POD: "pod", POD_DIGEST });
  await of.setSecret("pod", "kind: Other\n");
  assert.notEqual((await of.run()).exitCode, 0);
  assert.equal(await of.content("pod.yaml"), undefined);
  await of.setSecret("pod", yaml);
  await succeeds(of);
  assert.equal(await of.content("pod.yaml"), yaml);
  await timesAsked(of);
  await succeeds(of);
  assert.equal(await timesAsked(of), 0);
});
