import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { authorityFor, issue, type KeyPairFiles, makeAuthority } from "../../components/hosts/private-ca.ts";
import { fakePrograms } from "../support/fake-programs.ts";
import { scope, tempDir } from "../support/scope.ts";

const names = ["cache.test", "127.0.0.1", "::1"];
const resources = scope({ after });
let directory: string;
let authority: KeyPairFiles;

before(async () => {
  directory = resources.use(await tempDir()).path;
  authority = await makeAuthority(names, directory);
});

/** Verifies a certificate by the authority with openssl, as a client does. */
async function verify({ certificateFile }: KeyPairFiles) {
  return execa("openssl", ["verify", "-x509_strict", "-CAfile", authority.certificateFile, certificateFile], {
    reject: false,
    all: true,
  });
}

async function issued(certificateNames: readonly string[], file: string): Promise<KeyPairFiles> {
  const target = { certificateFile: join(directory, `${file}.crt`), keyFile: join(directory, `${file}.key`) };
  await issue(authority, certificateNames, target);
  return target;
}

test("issues a certificate for its names and its key, which clients that trust the authority accept", async () => {
  const target = await issued(names, "good");
  const result = await verify(target);
  assert.ok(!result.failed, result.all);
  const certificate = new X509Certificate(await readFile(target.certificateFile));
  assert.equal(
    certificate.subjectAltName,
    "DNS:cache.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  assert.equal(certificate.ca, false);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(await readFile(target.keyFile))));
});

test("can't certify another name or address", async () => {
  for (const name of ["example.com", "127.0.0.2", "::2"]) {
    assert.match(
      (await verify(await issued([name], "other"))).all ?? "",
      /permitted subtree violation/,
      name,
    );
  }
});

test("keeps the authority's key readable only for its owner, and leaves nothing else in the directory", async () => {
  assert.equal((await stat(authority.keyFile)).mode & 0o777, 0o600);
  assert.deepEqual(
    (await readdir(directory)).filter((file) => file.startsWith("new-")),
    [],
  );
});

test("finds an authority again only for the same names", async () => {
  assert.deepEqual(await authorityFor(names, directory), authority);
  assert.equal(await authorityFor(["cache.test"], directory), undefined);
  assert.equal(await authorityFor(names, join(directory, "empty")), undefined);
});

test("reports an authority that can't be written, and leaves none", async (t) => {
  const { path } = resources.use(await tempDir());
  // As on a full disk, openssl leaves empty files, without an error.
  const openssl = 'for it; do case $it in */ca.key | */ca.crt) : >"$it" ;; esac; done';
  const programs = scope(t).use(await fakePrograms({ openssl }));
  const { PATH } = process.env;
  t.after(() => Object.assign(process.env, { PATH }));
  Object.assign(process.env, programs.env);
  await assert.rejects(makeAuthority(names, path), /openssl could not write to .*: is its disk full\?/);
  assert.deepEqual(await readdir(path), []);
});
