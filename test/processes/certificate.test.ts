import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { findCertificate, isFor, makeCertificate } from "../../components/hosts/local/certificate.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { fakePodman } from "../support/fake-podman.ts";
import { scope, tempDir } from "../support/scope.ts";

const day = 24 * 3600 * 1000;
const resources = scope({ after });
// Without root, podman changes the owner of files.
resources.use(await fakePodman("exit 0"));
let directory: string;

beforeEach(async () => {
  directory = resources.use(await tempDir()).path;
});

test("makes a private authority once, finds its certificate again, and protects its key", async () => {
  const inputs = { directory, names: ["cache.test"] };
  assert.equal(await findCertificate(inputs), undefined);
  const made = await makeCertificate(inputs);
  assert.deepEqual(await findCertificate(inputs), made);
  assert.equal(made.ca?.certificate, await readFile(join(directory, "ca", "ca.crt"), "utf8"));
  assert.equal((await stat(join(directory, "tls", "tls.key"))).mode & 0o077, 0);
  const renewed = await makeCertificate(inputs);
  assert.notEqual(renewed.fingerprint, made.fingerprint);
  assert.deepEqual(renewed.ca, made.ca);
});

test("doesn't accept a certificate that is about to expire", async (t) => {
  const inputs = { directory, names: ["cache.test"] };
  await makeCertificate(inputs);
  const now = Date.now();
  t.mock.timers.enable({ apis: ["Date"], now: now + 334 * day });
  assert.ok(await findCertificate(inputs));
  t.mock.timers.setTime(now + 336 * day);
  assert.equal(await findCertificate(inputs), undefined);
});

test("makes another authority for other names, because the old one may not certify them", async () => {
  const first = await makeCertificate({ directory, names: ["cache.test"] });
  const inputs = { directory, names: ["other.test"] };
  assert.equal(await findCertificate(inputs), undefined);
  const second = await makeCertificate(inputs);
  assert.notEqual(second.ca?.certificate, first.ca?.certificate);
});

test("issues a damaged or lost certificate again", async () => {
  const inputs = { directory, names: ["cache.test"] };
  await makeCertificate(inputs);
  for (const damage of [
    () => rm(join(directory, "tls", "tls.key")),
    () => rm(join(directory, "tls", "tls.crt")),
    () => writeFile(join(directory, "tls", "tls.crt"), "half of a cert"),
  ]) {
    await damage();
    assert.equal(await findCertificate(inputs), undefined);
    await makeCertificate(inputs);
    assert.ok(await findCertificate(inputs));
  }
});

test("lets the Pod's user read a certificate of a user with a strict umask, also one made before", async (t) => {
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  const inputs = { directory, names: ["cache.test"] };
  const tls = join(directory, "tls");
  const modes = () =>
    Promise.all([tls, join(tls, "tls.crt")].map(async (path) => (await stat(path)).mode & 0o777));
  await makeCertificate(inputs);
  assert.deepEqual(await modes(), [0o755, 0o644]);
  for (const [path, mode] of [
    [tls, 0o700],
    [join(tls, "tls.crt"), 0o600],
  ] as const) {
    await chmod(path, mode);
    assert.equal(await findCertificate(inputs), undefined);
    await makeCertificate(inputs);
    assert.deepEqual(await modes(), [0o755, 0o644]);
    assert.ok(await findCertificate(inputs));
  }
  const files = { certificateFile: join(directory, "ca", "a.crt"), keyFile: join(directory, "ca", "a.key") };
  await issue(await makeAuthority(["cache.test"], join(directory, "ca")), ["cache.test"], files);
  await makeCertificate({ ...inputs, files });
  assert.deepEqual(await modes(), [0o755, 0o644]);
  assert.equal((await stat(join(tls, "tls.key"))).mode & 0o077, 0);
});

test("makes a damaged authority again when a certificate is needed", async () => {
  const inputs = { directory, names: ["cache.test"] };
  const { ca } = await makeCertificate(inputs);
  await writeFile(join(directory, "ca", "ca.key"), "");
  assert.deepEqual((await findCertificate(inputs))?.ca, ca, "its certificate is good for its clients");
  const second = await makeCertificate(inputs);
  assert.notDeepEqual(second.ca, ca);
  await writeFile(join(directory, "ca", "ca.crt"), "");
  assert.equal(await findCertificate(inputs), undefined);
  await makeCertificate(inputs);
  assert.ok(await findCertificate(inputs));
});

test("copies a provided certificate, and again after its renewal", async () => {
  const authority = await makeAuthority(["cache.test"], join(directory, "own"));
  const files = {
    certificateFile: join(directory, "own", "a.crt"),
    keyFile: join(directory, "own", "a.key"),
  };
  await issue(authority, ["cache.test"], files);
  const inputs = { directory, names: ["cache.test"], files };
  const made = await makeCertificate(inputs);
  assert.equal(made.ca, undefined);
  assert.deepEqual(await findCertificate(inputs), made);
  await issue(authority, ["cache.test"], files);
  assert.equal(await findCertificate(inputs), undefined);
  assert.notEqual((await makeCertificate(inputs)).fingerprint, made.fingerprint);
});

test("accepts a certificate for exactly the names and addresses in it", async () => {
  await makeCertificate({ directory, names: ["cache.test", "127.0.0.1"] });
  const certificate = new X509Certificate(await readFile(join(directory, "tls", "tls.crt")));
  assert.ok(isFor(certificate, "cache.test") && isFor(certificate, "127.0.0.1"));
  assert.ok(!isFor(certificate, "localhost") && !isFor(certificate, "127.0.0.2"));
});
