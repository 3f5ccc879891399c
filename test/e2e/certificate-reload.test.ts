import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCertificate } from "../../components/hosts/local/certificate.ts";
import { localAddress } from "../../components/hosts/local/plan.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { type Chain, startChain } from "../support/chain.ts";
import { scope } from "../support/scope.ts";
import { servedCertificate } from "../support/tls.ts";
import { openTransfer, pushLayer } from "../support/transfer.ts";
import { waitUntil } from "../support/wait.ts";

/** The longest time from new files to their use for new connections. The edge checks every 2 s. */
const takenUpMs = 10_000;

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts);
});

async function served(): Promise<string> {
  return (await servedCertificate(chain.cache.url, { ca: chain.cache.ca })).fingerprint256;
}

/** Replaces the certificate, as the next `pulumi up` does. @returns its fingerprint */
async function renew(): Promise<string> {
  const names = ["localhost", localAddress];
  return (await makeCertificate({ directory: chain.cache.layout.directory, names })).fingerprint;
}

async function breakCertificate(): Promise<void> {
  await writeFile(join(chain.cache.layout.tls, "tls.crt"), "no certificate\n");
}

function inEdge(...command: string[]): Promise<string> {
  return podman(["exec", chain.cache.container("edge"), ...command]);
}

/** How often nginx has refused the certificate. */
async function refusals(): Promise<number> {
  return (await chain.cache.logs("edge")).split("nginx: [emerg] cannot load certificate").length - 1;
}

describe("a new certificate", () => {
  test("is used for new connections, and keeps open transfers", async () => {
    const { url, digest } = await pushLayer(chain.registry.url, chain.cache.url, {
      name: "long",
      layerMB: 20,
    });
    const transfer = await openTransfer(url, { ca: chain.cache.ca });
    const fingerprint = await renew();
    await waitUntil("the new one is served", async () => (await served()) === fingerprint, takenUpMs);
    assert.equal(await transfer.finish(), digest);
  });

  test("changes nothing if it is invalid, and a valid one after it is used", async () => {
    const before = await served();
    await breakCertificate();
    await waitUntil("the edge has looked", async () => (await refusals()) > 0);
    await sleep(5000);
    assert.equal(await refusals(), 1, "it is said once");
    assert.equal(await served(), before);
    const fingerprint = await renew();
    await waitUntil("the new one is served", async () => (await served()) === fingerprint, takenUpMs);
    assert.equal(await inEdge("sh", "-c", "grep -l '^State:.Z' /proc/[0-9]*/status || true"), "");
  });

  test("keeps the port closed at a start if it is invalid, until there is a valid one", async () => {
    const edge = chain.cache.container("edge");
    const stopMs = async () => {
      const start = performance.now();
      await podman(["stop", "--time", "60", edge]);
      return performance.now() - start;
    };
    await breakCertificate();
    await stopMs();
    // The previous edge may also have refused it.
    const refused = await refusals();
    await podman(["start", edge]);
    await waitUntil("the edge has looked", async () => (await refusals()) > refused);
    await assert.rejects(served(), { code: "ECONNREFUSED" });
    assert.ok((await stopMs()) < 10_000, "while it waits, it can be stopped");
    await podman(["start", edge]);
    const fingerprint = await renew();
    await waitUntil("it serves", async () => (await served()) === fingerprint);
  });
});
