/** A cache behind proxies that terminate TLS. Only the proxies may say who the client is. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { push } from "../../scripts/seed/push.ts";
import { frontedUpstream, registryName } from "../support/chain.ts";
import { randomImage } from "../support/images.ts";
import { type ReplicaOptions, replicasOf } from "../support/replicas.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const [proxy, otherProxy, client, stranger] = ["127.0.0.2", "127.0.0.3", "192.0.2.7", "127.0.0.9"];

test("identifies clients by the proxies' header, and by nobody else's", async (t) => {
  const { cache, ask } = await behind([`${proxy}/32`, `${otherProxy}/32`], scope(t));

  await t.test("serves an allowed client", async () => {
    assert.equal(await ask(proxy, client), 200);
  });

  await t.test("serves it through two proxies, and ignores its own claims", async () => {
    assert.equal(await ask(otherProxy, `203.0.113.1, ${client}, ${proxy}`), 200);
  });

  await t.test("refuses another client, whatever it claims", async () => {
    assert.equal(await ask(proxy, "203.0.113.1"), 404);
    assert.equal(await ask(proxy, `${client}, 203.0.113.1`), 404);
  });

  await t.test("refuses requests that don't come from a proxy", async () => {
    assert.equal(await ask(stranger), 404);
    assert.equal(await ask(stranger, client), 404);
    assert.equal(await ask(stranger, undefined, "/v2/"), 404);
  });

  await t.test("answers the Pod's own probe, and nothing else for it", async () => {
    assert.equal(await ask("127.0.0.1", undefined, "/v2/"), 200);
    assert.equal(await ask("127.0.0.1", client), 404);
    const probe = `http://127.0.0.1:${cache.ports.blackbox}/probe?module=endpoint&hostname=localhost`;
    const answer = await fetch(`${probe}&target=http://127.0.0.1:${cache.url.port}/v2/`);
    assert.match(await answer.text(), /^probe_success 1$/m);
  });

  await t.test("logs the clients' addresses", async () => {
    const logged = async () => {
      const lines = (await cache.logs("edge")).split("\n");
      return lines.filter((line) => line.startsWith("{") && line.includes("/manifests/1"));
    };
    // podman writes them a moment later, and lines of nginx's two processes in any order.
    await waitUntil("all is logged", async () => (await logged()).length >= 7);
    const lines = (await logged()).map((line) => JSON.parse(line));
    assert.deepEqual(lines.map((line) => [line.client, line.status, line.refused]).sort(), [
      ["127.0.0.1", "404", "client"],
      [stranger, "404", "client"],
      [stranger, "404", "client"],
      [client, "200", ""],
      [client, "200", ""],
      ["203.0.113.1", "404", "client"],
      ["203.0.113.1", "404", "client"],
    ]);
  });
});

test("takes the address that the last proxy saw, where only the network knows the proxies", async (t) => {
  const { ask } = await behind("any", scope(t));
  assert.equal(await ask(proxy, client), 200);
  assert.equal(await ask(proxy, `203.0.113.1, ${client}`), 200);
  assert.equal(await ask(proxy, "203.0.113.1"), 404);
  assert.equal(await ask(proxy, `${client}, 203.0.113.1`), 404);
  assert.equal(await ask("127.0.0.1", undefined, "/v2/"), 200);
});

async function behind(proxies: ReplicaOptions["proxies"], parts: AsyncDisposableStack) {
  const { registry, proxy: upstream } = await frontedUpstream(parts);
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 1 });
  await push(registry.url, image);
  const all = parts.use(
    await replicasOf({
      upstreams: [
        { name: "gsoci", registry: registryName, url: upstream.url.origin, repositories: ["giantswarm/**"] },
      ],
      ...(proxies && { proxies }),
      // The stranger would be served if its request came through a proxy.
      clients: ["192.0.2.0/24", `${stranger}/32`],
    }),
  );
  const cache = parts.use(await all.start());

  /** Sends a request from an address of this machine. @param forwardedFor the proxies' header */
  const ask = async (
    localAddress: string,
    forwardedFor?: string,
    path = "/v2/giantswarm/app/manifests/1",
  ) => {
    const url = new URL(path, cache.url);
    const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
    const sent = request({ host: "127.0.0.1", port: url.port, path, localAddress, headers, agent: false });
    const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  return { cache, ask };
}
