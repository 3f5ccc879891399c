/** A cache's health, checked with real servers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { healthOf } from "../../scripts/fleet/health.ts";
import { freePort } from "../support/ports.ts";
import { scope } from "../support/scope.ts";
import { startTlsServer, type TlsServerOptions } from "../support/tls-server.ts";

suite("healthOf", () => {
  async function asked(t: TestContext, options: TlsServerOptions, ca?: string) {
    const server = scope(t).use(await startTlsServer(options));
    return healthOf(
      { endpoint: server.endpoint, ca: { certificate: ca ?? server.ca } },
      { timeoutSeconds: 2 },
    );
  }

  test("accepts a cache that answers with a certificate of its own authority", async (t) => {
    const paths: string[] = [];
    const { seconds = Number.NaN, ...health } = await asked(t, {
      answer({ url = "" }, response) {
        paths.push(url);
        response.end("{}");
      },
    });
    const { endpoint } = health;
    assert.deepEqual(health, {
      ok: true,
      endpoint,
      reached: true,
      status: 200,
      certificateDaysLeft: 364,
      problems: [],
    });
    assert.deepEqual(paths, ["/v2/"]);
    assert.ok(seconds > 0 && seconds < 2, `${seconds} s`);
  });

  test("refuses an authority that isn't in the outputs, even if the system trusts others", async (t) => {
    const { ca } = scope(t).use(await startTlsServer());
    const { ok, reached, problems } = await asked(t, {}, ca);
    assert.deepEqual([ok, reached], [false, true]);
    assert.match(problems.join(), /^its certificate isn't trusted \([A-Z_]+\)$/);
  });

  test("refuses a certificate for another name", async (t) => {
    const { ok, problems } = await asked(t, { name: "other.test" });
    assert.deepEqual([ok, problems], [false, ["its certificate is for another name than localhost"]]);
  });

  test("refuses an expired certificate", async (t) => {
    const { ok, status, certificateDaysLeft, problems } = await asked(t, { days: -1 });
    assert.deepEqual([ok, status, problems], [false, 200, ["its certificate has expired"]]);
    assert.equal(certificateDaysLeft, -2);
  });

  test("refuses a cache that runs without serving", async (t) => {
    const { ok, status, problems } = await asked(t, {
      answer: (_, response) => response.writeHead(503).end(),
    });
    assert.deepEqual([ok, status, problems], [false, 503, ["`/v2/` answers 503 in place of 200"]]);
  });

  test("refuses a cache that accepts the request and doesn't answer", async (t) => {
    const { ok, reached, problems, certificateDaysLeft } = await asked(t, { answer: () => {} });
    assert.deepEqual([ok, reached, problems], [false, true, ["no answer within 2 s"]]);
    assert.equal(certificateDaysLeft, 364);
  });

  test("reports an unreachable cache with a reason, without an error", async (t) => {
    const silent = createServer().listen(0, "127.0.0.1");
    t.after(() => silent.close());
    await once(silent, "listening");
    const reasons = {
      [`https://127.0.0.1:${await freePort()}`]: /^the connection is refused$/,
      "https://cache.invalid":
        /^(?:its name has no address|the DNS that this machine asks doesn't answer|no answer within 1 s)/,
      [`https://127.0.0.1:${(silent.address() as AddressInfo).port}`]: /^no answer within 1 s$/,
      "not a URL": /^Invalid URL$/,
    };
    const check = async ([endpoint, reason]: [string, RegExp]) => {
      const health = await healthOf({ endpoint }, { timeoutSeconds: 1 });
      assert.deepEqual([health.ok, health.reached, health.endpoint], [false, false, endpoint]);
      assert.match(health.problems.join(), reason);
    };
    await Promise.all(Object.entries(reasons).map(check));
  });
});
