import assert from "node:assert/strict";
import { test } from "node:test";
import { reachableUpstreams } from "../../scripts/local/upstreams.ts";
import { isReachable } from "../../scripts/setup/reachable.ts";
import { startServer } from "../support/server.ts";

test("asks an upstream at a plain http address, and keeps it if it answers", async (t) => {
  const server = await startServer((_, response) => response.writeHead(401).end());
  const { url } = server;
  // The environment's proxy isn't used for a local address.
  const { HTTP_PROXY } = process.env;
  t.after(() => {
    if (HTTP_PROXY === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = HTTP_PROXY;
  });
  process.env.HTTP_PROXY = "http://127.0.0.1:1";
  const upstreams = [{ name: "team", registry: "registry.test", url, repositories: ["team/**"] }];
  assert.deepEqual(await reachableUpstreams(upstreams), { upstreams });

  await server[Symbol.asyncDispose]();
  assert.equal(await isReachable(url), false);
  assert.equal(await isReachable(url.replace("http:", "https:")), false);
});
