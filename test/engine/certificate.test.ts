import assert from "node:assert/strict";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";
import { type TestStack, testStack } from "../support/stack.ts";
import { servedCertificate } from "../support/tls.ts";
import { waitUntil } from "../support/wait.ts";

const resources = scope({ after });
let stack: TestStack;

before(async () => {
  stack = resources.use(
    await testStack({
      upstreams: [
        { name: "team", registry: "registry.test", url: "http://127.0.0.1:1", repositories: ["**"] },
      ],
    }),
  );
});

/** The names in the endpoint's certificate, or undefined if the client doesn't trust it. */
async function names(servername: string, ca?: string): Promise<string | undefined> {
  const { port = 0 } = stack.layout.claims[0] ?? {};
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername, ...(ca && { ca }) });
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.end();
    });
    socket.once("error", () => resolve(undefined));
  });
}

/** Waits until the endpoint has a certificate for these names. The edge loads a new one within seconds. */
async function served(authority: string | undefined, wanted: string): Promise<void> {
  await waitUntil(wanted, async () => (await names("cache.test", authority)) === wanted);
}

/** The fingerprint of the endpoint's certificate. */
async function fingerprint(authority = ""): Promise<string> {
  const url = new URL(`https://127.0.0.1:${stack.layout.claims[0]?.port}`);
  return (await servedCertificate(url, { ca: authority, hostname: "cache.test" })).fingerprint256;
}

async function ca(): Promise<string | undefined> {
  return Object.values((await stack.outputs()).caches)[0]?.ca?.certificate;
}

async function up() {
  const { changes } = await succeeds(stack, "up");
  return changes;
}

test("serves a certificate for its name, which only the authority in the outputs has issued", async () => {
  await up();
  assert.equal(await names("localhost", await ca()), "DNS:localhost, IP Address:127.0.0.1");
  assert.equal(await names("localhost"), undefined);
});

test("updates the certificate and the Pod for another host name", async () => {
  await stack.configure({}, { endpoint: { port: stack.layout.claims[0]?.port, hostname: "cache.test" } });
  assert.deepEqual(await up(), { EndpointCertificate: "update", PodmanPod: "update" });
  await served(await ca(), "DNS:cache.test, DNS:localhost, IP Address:127.0.0.1");
  await succeeds(stack, "up", { args: ["--expect-no-changes"] });
});

test("issues a lost certificate again from the same authority", async () => {
  const before = await ca();
  const lost = await fingerprint(before);
  await rm(join(stack.layout.tls, "tls.crt"));
  assert.deepEqual(await up(), { EndpointCertificate: "update" });
  assert.equal(await ca(), before);
  await waitUntil("another one is served", async () => (await fingerprint(before)) !== lost);
});

test("replaces the private certificate with a provided one, and notices its renewal", async () => {
  const directory = resources.use(await tempDir()).path;
  await mkdir(join(directory, "ca"));
  const authority = await makeAuthority(["cache.test"], join(directory, "ca"));
  const files = { certificateFile: join(directory, "tls.crt"), keyFile: join(directory, "tls.key") };
  await issue(authority, ["cache.test"], files);
  const trusted = await readFile(authority.certificateFile, "utf8");
  const endpoint = {
    port: stack.layout.claims[0]?.port,
    hostname: "cache.test",
    tls: { mode: "provided", ...files },
  };
  await stack.configure({}, { endpoint });
  assert.deepEqual(await up(), { EndpointCertificate: "update" });
  await served(trusted, "DNS:cache.test");
  assert.equal(await ca(), undefined);
  const before = await fingerprint(trusted);
  await issue(authority, ["cache.test"], files);
  assert.deepEqual(await up(), { EndpointCertificate: "update" });
  await waitUntil("the renewed one is served", async () => (await fingerprint(trusted)) !== before);
});
