/** The certificate of a region with its own authority, issued by the real openssl. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import {
  create,
  diff,
  type PrivateCertificateState,
  update,
} from "../../components/hosts/kubernetes/private-certificate-provider.ts";
import { makeAuthority } from "../../components/hosts/private-ca.ts";
import { scope, tempDir } from "../support/scope.ts";

const parts = scope({ after });
const hostname = "cache.example.com";
const day = 24 * 3600 * 1000;
let inputs: { hostname: string; authorityCertificate: string; authorityKey: string };
let state: PrivateCertificateState;

before(async () => {
  const files = await makeAuthority([hostname], parts.use(await tempDir()).path);
  inputs = {
    hostname,
    authorityCertificate: await readFile(files.certificateFile, "utf8"),
    authorityKey: await readFile(files.keyFile, "utf8"),
  };
  state = (await create(inputs)).outs as PrivateCertificateState;
});

test("is issued for the name, by the authority", () => {
  const certificate = new X509Certificate(state.certificate);
  assert.equal(certificate.checkHost(hostname), hostname);
  assert.ok(certificate.verify(new X509Certificate(inputs.authorityCertificate).publicKey));
  assert.match(state.key, /^-----BEGIN PRIVATE KEY-----/);
});

test("stays until the last third of its lifetime", async () => {
  assert.deepEqual(await diff(state, inputs), { changes: false });
  const days = (Date.parse(state.renewFrom) - Date.now()) / day;
  assert.ok(days > 200 && days < 300, String(days));
  const old = { ...state, renewFrom: new Date(Date.now() - 1).toISOString() };
  assert.deepEqual(await diff(old, inputs), { changes: true });
  const { outs } = await update(inputs);
  assert.notEqual((outs as PrivateCertificateState).certificate, state.certificate);
});

test("is issued again for another name or another authority", async () => {
  assert.deepEqual(await diff(state, { ...inputs, hostname: "other.example.com" }), { changes: true });
  assert.deepEqual(await diff(state, { ...inputs, authorityKey: "another" }), { changes: true });
});
