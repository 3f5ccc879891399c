import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { randomImage } from "./images.ts";
import { scope } from "./scope.ts";
import { testUpstream } from "./upstream.ts";
import { waitUntil } from "./wait.ts";

const resources = scope({ after });
let proxy: FaultProxy;
let content: Content;
let blob: URL;
let digest: string;

before(async () => {
  const upstream = resources.use(await testUpstream());
  content = await randomImage({ repository: "team/app", tag: "1", layerMB: 1 });
  await push(upstream.url, content);
  proxy = resources.use(await startFaultProxy(upstream.url));
  digest = content.blobs[1]?.digest ?? "";
  blob = new URL(`/v2/team/app/blobs/${digest}`, proxy.url);
});
beforeEach(() => proxy.forget());

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

test("passes a registry's answers through, and counts them", async () => {
  const bytes = await (await fetch(blob)).bytes();
  assert.equal(sha256(bytes), digest);
  await fetch(blob, { method: "HEAD" });
  assert.equal(proxy.count(digest), 2);
  assert.equal(proxy.count(digest, "GET"), 1);
  assert.equal(proxy.bytes(digest), bytes.length);
  assert.equal(proxy.bytes(), bytes.length);
});

test("records request targets unchanged", async () => {
  const target = "/v2//team/../%2e%2E/a%2fb?ns=x%20y&&";
  const socket = connect(Number(proxy.url.port), proxy.url.hostname);
  socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await buffer(socket);
  assert.equal(proxy.requests[0]?.target, target);
  assert.equal(proxy.requests[0]?.query, "?ns=x%20y&&");
});

test("answers matching paths with a status of its own until the fault is removed", async () => {
  const fault = proxy.inject({ kind: "status", status: 429, headers: { "retry-after": "1" } }, /\/blobs\//);
  assert.equal((await fetch(blob)).status, 429);
  assert.equal((await fetch(new URL("/v2/", proxy.url))).status, 200);
  fault.remove();
  assert.equal((await fetch(blob)).status, 200);
});

test("delays requests for a time, and at most until the fault is removed", async () => {
  {
    using _ = proxy.inject({ kind: "latency", ms: 300 }, digest);
    const start = performance.now();
    assert.equal((await fetch(blob)).status, 200);
    assert.ok(performance.now() - start > 290);
  }
  const fault = proxy.inject({ kind: "latency", ms: 60_000 }, digest, "GET");
  const delayed = fetch(blob, { signal: AbortSignal.timeout(30_000) });
  await waitUntil("it is asked", () => proxy.count(digest) === 2);
  const signal = AbortSignal.timeout(30_000);
  assert.equal((await fetch(blob, { method: "HEAD", signal })).status, 200, "another method");
  fault.remove();
  assert.equal((await delayed).status, 200);
});

test("truncates a body after exactly n bytes", async () => {
  using _ = proxy.inject({ kind: "truncate", bytes: 300_000 });
  const response = await fetch(blob);
  assert.equal(Number(response.headers.get("content-length")), content.blobs[1]?.size);
  await assert.rejects(response.bytes());
  await waitUntil("the connection is closed", () => proxy.requests[0]?.state === "aborted");
  assert.equal(proxy.bytes(), 300_000);
});

test("corrupts one byte, and keeps the length", async () => {
  using _ = proxy.inject({ kind: "corrupt" }, digest);
  const bytes = await (await fetch(blob)).bytes();
  assert.equal(bytes.length, content.blobs[1]?.size);
  assert.notEqual(sha256(bytes), digest);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  assert.equal(sha256(bytes), digest);
});

test("limits the rate of a body", async () => {
  using _ = proxy.inject({ kind: "throttle", bytesPerSecond: 1_000_000 });
  const start = performance.now();
  assert.equal(sha256(await (await fetch(blob)).bytes()), digest);
  const seconds = (performance.now() - start) / 1000;
  // A busy machine can take longer.
  assert.ok(seconds > 0.95 && seconds < 10, `1 MB at 1 MB/s took ${seconds} s`);
});

test("holds a body until the fault is removed", async () => {
  const hold = proxy.inject({ kind: "hold" });
  const response = await fetch(blob);
  const body = response.bytes();
  assert.equal(await Promise.race([body, new Promise((r) => setTimeout(r, 200, "held"))]), "held");
  assert.equal(proxy.bytes(), 0);
  hold.remove();
  assert.equal(sha256(await body), digest);
});

test("records that a client disconnected", async () => {
  using _ = proxy.inject({ kind: "throttle", bytesPerSecond: 100_000 });
  const leave = new AbortController();
  const response = await fetch(blob, { signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await waitUntil("the abort is seen", () => proxy.requests[0]?.state === "aborted");
  assert.ok(proxy.bytes() < 500_000);
});

test("never answers as a black hole, refuses connections when stopped, and ends both", async () => {
  const blackHole = proxy.inject({ kind: "black-hole" });
  await assert.rejects(fetch(blob, { signal: AbortSignal.timeout(300) }), { name: "TimeoutError" });
  blackHole.remove();
  await proxy.stopListening();
  await assert.rejects(fetch(blob));
  await proxy.listen();
  assert.equal((await fetch(blob)).status, 200);
});
