import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { podman } from "../../components/hosts/local/podman.ts";
import { legoDirectory } from "../../components/pod/acme.ts";
import { edgePaths } from "../../components/pod/edge/paths.ts";
import { podUser } from "../../components/pod/pod.ts";
import { startAuthority, type TestAuthority } from "../support/acme.ts";
import { type AcmeCache, hostname, startAcmeCache } from "../support/acme-cache.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { scope } from "../support/scope.ts";
import { servedCertificate } from "../support/tls.ts";
import { openTransfer, pushLayer } from "../support/transfer.ts";
import { waitUntil } from "../support/wait.ts";

/** The longest time from new files to their use for new connections. The edge checks every 2 s. */
const takenUpMs = 10_000;
/** The longest time for a certificate. An order takes seconds, and more where nearly every third request is refused, or after failures. */
const issuedMs = 60_000;

const parts = scope(test);
let authority: TestAuthority;
let upstream: FrontedUpstream;
let cache: AcmeCache;
before(async () => {
  authority = parts.use(await startAuthority({ badNonces: 30, writable: `_acme-challenge.${hostname}` }));
  authority.dns.failing = true;
  upstream = await frontedUpstream(parts);
  const url = upstream.proxy.url.origin;
  cache = parts.use(
    await startAcmeCache(authority, {
      upstreams: [{ name: "gsoci", registry: registryName, url, repositories: ["giantswarm/**"] }],
      checkSeconds: 2,
      retrySeconds: 1,
    }),
  );
});

function served(): Promise<X509Certificate> {
  return servedCertificate(cache.url, { ca: authority.root, hostname });
}

/** Waits until new connections get another certificate than this one. */
function replaced({ fingerprint256 }: X509Certificate, timeoutMs: number): Promise<X509Certificate> {
  return waitUntil(
    "another certificate is served",
    async () => {
      const certificate = await served();
      return certificate.fingerprint256 !== fingerprint256 && certificate;
    },
    timeoutMs,
  );
}

async function pull(name: string) {
  const { url, digest } = await pushLayer(upstream.registry.url, cache.url, { name, layerMB: 20 });
  const transfer = await openTransfer(url, { ca: authority.root, headers: { host: hostname } });
  return { finish: async () => assert.equal(await transfer.finish(), digest) };
}

/** The pauses, in seconds, that the container `acme` has announced in its log. */
async function pauses(): Promise<number[]> {
  const log = await cache.logs("acme");
  return [...log.matchAll(/"failed; next try in (\d+) s"/g)].map(([, seconds]) => Number(seconds));
}

/** How often lego has checked whether a renewal is due, since the start. */
async function looks(): Promise<number> {
  return (await cache.logs("acme")).split('"msg":"Renewing certificate"').length - 1;
}

async function published(): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(cache.tlsDirectory, "tls.crt")));
}

/** PEM of a key that belongs to no certificate. */
function otherKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

describe("a certificate by ACME", () => {
  test("keeps the port closed until there is one, and retries the DNS API with growing pauses", async () => {
    await waitUntil("four tries", () => authority.dns.attempts.length >= 4, issuedMs);
    const start = performance.now();
    await assert.rejects(served(), { code: "ECONNREFUSED" });
    assert.ok(performance.now() - start < 1000);
    assert.deepEqual((await pauses()).slice(0, 3), [1, 2, 4]);
    for (const [index, seconds] of [1, 2, 4].entries()) {
      const [before = 0, after = 0] = authority.dns.attempts.slice(index);
      assert.ok(after - before >= seconds * 1000, `pause ${index}: ${after - before} ms`);
    }
  });

  test("makes the cache serve without a restart once the DNS API is back", async () => {
    authority.dns.failing = false;
    await waitUntil("the endpoint serves", served, issuedMs);
    await (await pull("first")).finish();
    const restarts = await podman(["inspect", "--format", "{{.RestartCount}}", cache.container("edge")]);
    assert.equal(restarts, "0");
  });

  test("keeps the old one when a renewal fails, and drops no transfer when one succeeds", async (t) => {
    const old = await served();
    const failures = (await pauses()).length;
    authority.dns.failing = true;
    await authority.suggestRenewal(old.toString());
    await waitUntil("two tries", async () => (await pauses()).length >= failures + 2);
    assert.equal((await served()).fingerprint256, old.fingerprint256);

    const transfer = await pull("long");
    authority.dns.failing = false;
    await waitUntil(
      "another certificate is published",
      async () => (await published()).fingerprint256 !== old.fingerprint256,
      issuedMs,
    );
    const start = performance.now();
    const renewed = await replaced(old, takenUpMs);
    t.diagnostic(`served ${Math.round(performance.now() - start)} ms after it was published`);
    assert.ok(renewed.validToDate > old.validToDate);
    await transfer.finish();
    await (await pull("next")).finish();
  });

  test("outlives the Pod with its account, so a restart orders nothing", async () => {
    const before = await served();
    const [accounts, orders] = [await authority.count("accounts"), await authority.count("orders")];
    const start = performance.now();
    await cache.stop();
    assert.ok(performance.now() - start < 60_000, "no container waits to be killed");
    await cache.start();
    const after = await waitUntil("the endpoint serves", served);
    assert.equal(after.fingerprint256, before.fingerprint256);
    await waitUntil("lego has looked twice", async () => (await looks()) >= 2);
    assert.equal(await authority.count("accounts"), accounts);
    assert.equal(await authority.count("orders"), orders);
  });

  test("is ordered again after an interrupted save by lego", async () => {
    const before = await served();
    // The certificate is newer than lego's metadata. By itself, lego would find no renewal due.
    const now = new Date();
    await utimes(join(cache.legoDirectory, "certificates", `${hostname}.crt`), now, now);
    await replaced(before, issuedMs);
  });

  test("is copied to the edge again after an interrupted copy, even without the authority", async () => {
    // Reads the file instead of a connection, because a worker that is about to end may still accept one.
    const before = await published();
    await cache.stop();
    await writeFile(join(cache.tlsDirectory, "tls.key"), otherKey());
    authority.dns.failing = true;
    await cache.start();
    const after = await waitUntil("the endpoint serves", served);
    assert.equal(after.fingerprint256, before.fingerprint256);
  });

  test("has a key that nobody else can read, and lego has no more rights than the rest of the Pod", async () => {
    const inContainer = (...command: string[]) => podman(["exec", cache.container("acme"), ...command]);
    const secret = [join(legoDirectory, "accounts"), join(legoDirectory, "certificates"), edgePaths.tls];
    assert.match(await inContainer("find", ...secret, "-name", "*.key"), /tls\.key/);
    assert.equal(await inContainer("find", ...secret, "-perm", "/077"), "");
    assert.equal(await inContainer("find", ...secret, "!", "-user", String(podUser)), "");
    assert.equal(await inContainer("id", "-u"), String(podUser));
    await assert.rejects(inContainer("touch", "/file"), /Read-only file system/);
  });
});
