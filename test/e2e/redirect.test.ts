/** Replicas that redirect their clients to the bucket. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Blob, Content } from "../../scripts/seed/content.ts";
import { registryName } from "../support/chain.ts";
import { containerdNode, podmanNode } from "../support/clients/node.ts";
import { type Download, download, downloads, get } from "../support/http.ts";
import { hexOf, type Replica, type Shared, startShared } from "../support/replicas.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope(test);
let to: Shared;
/** `first` fetches cold blobs. The edge of `second` is empty. */
let first: Replica;
let second: Replica;
/** An image that the first replica has fetched into the bucket. */
let image: Content;

const blobUrl = (at: Replica, { repository }: Content, { digest }: Blob) =>
  new URL(`/v2/${repository}/blobs/${digest}?ns=${registryName}`, at.url);

function ask(at: Replica, content: Content, blob: Blob): Promise<Download> {
  return download(blobUrl(at, content, blob), { ca: to.ca });
}

function head(at: Replica, content: Content, blob: Blob) {
  return get(blobUrl(at, content, blob), { ca: to.ca, method: "HEAD" });
}

/** Pushes an image, and fetches it through the first replica into the bucket. */
async function filled(name: string, size?: { layers?: number; layerMB?: number }): Promise<Content> {
  const content = await to.pushed(name, size);
  for (const blob of content.blobs) {
    const answer = await ask(first, content, blob);
    assert.equal(answer.status, 200);
    assert.equal(answer.digest, blob.digest);
  }
  await to.stored(content.blobs);
  return content;
}

/** Bytes of blobs that the bucket has sent, including those that the replicas read. */
const fromBucket = () => to.s3.proxy.bytes(/\/blobs\/sha256\/.*\/data$/);

/** Body bytes of blobs that a replica has sent. */
async function fromEdge(replica: Replica): Promise<number> {
  return (await replica.logs("edge"))
    .split("\n")
    .filter((line) => line.includes('"kind":"blob"'))
    .map((line) => Number(JSON.parse(line).bytes))
    .reduce((sum, bytes) => sum + bytes, 0);
}

before(async () => {
  to = await startShared(parts, "redirect", { clients: ["127.0.0.1/32"] });
  [first, second] = to.replicas as [Replica, Replica];
  image = await filled("app");
  to.proxy.forget();
});

test("redirects GET, HEAD and a range of a stored blob to the bucket, each to its own URL", async () => {
  const [, blob] = image.blobs as [Blob, Blob];
  for (const expected of ["MISS", "HIT"]) {
    const answer = await ask(second, image, blob);
    assert.equal(answer.status, 307);
    assert.equal(answer.headers["x-cache"], expected);
    const location = answer.headers.location ?? "";
    assert.ok(location.startsWith(to.s3.proxy.url.origin), location);
    const whole = Buffer.from(await (await fetch(location)).arrayBuffer());
    assert.ok(whole.equals(blob.bytes));
    const part = await fetch(location, { headers: { Range: "bytes=1000-4095" } });
    assert.equal(part.status, 206);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(blob.bytes.subarray(1000, 4096)));
    // The bucket checks which method a URL is signed for.
    assert.equal((await fetch(location, { method: "HEAD" })).status, 403);

    const headed = await head(second, image, blob);
    assert.equal(headed.status, 307);
    assert.equal(headed.headers["x-cache"], expected);
    const there = await fetch(String(headed.headers.location), { method: "HEAD" });
    assert.equal(there.status, 200);
    assert.equal(there.headers.get("content-length"), String(blob.size));
  }
  assert.equal(to.proxy.count(blob.digest), 0);
});

test("answers HEAD of a cold blob as GET, and fetches the blob once", async () => {
  const cold = await to.pushed("headed");
  const [, blob] = cold.blobs as [Blob, Blob];
  const headed = await head(first, cold, blob);
  assert.equal(headed.status, 200);
  assert.equal(headed.headers["content-length"], String(blob.size));
  const answer = await ask(first, cold, blob);
  assert.equal(answer.status, 200);
  assert.equal(answer.digest, blob.digest);
  assert.equal(to.proxy.count(blob.digest, "GET"), 1);
});

test("costs the upstream at most two transfers for 32 clients of a cold blob", async () => {
  const cold = await to.pushed("fan-out", { layerMB: 5 });
  const [, blob] = cold.blobs as [Blob, Blob];
  const fanOut = [first, second].map((at) => downloads(16, blobUrl(at, cold, blob), { ca: to.ca }));
  for (const { status, digest } of (await Promise.all(fanOut)).flat()) {
    // When one replica asks the bucket, the other may already have filled it.
    if (status !== 307) assert.deepEqual({ status, digest }, { status: 200, digest: blob.digest });
  }
  const transfers = to.proxy.count(blob.digest, "GET");
  assert.ok(transfers >= 1 && transfers <= 2, `${transfers}`);
});

test("refuses HEAD and GET alike for what isn't allowed or doesn't exist", async () => {
  const [, blob] = image.blobs as [Blob, Blob];
  const elsewhere: Content = { ...image, repository: "elsewhere/app" };
  const unknown: Blob = { ...blob, digest: `sha256:${"0".repeat(64)}` };
  for (const [content, wanted] of [
    [elsewhere, blob],
    [image, unknown],
  ] as const) {
    assert.equal((await head(second, content, wanted)).status, 404);
    assert.equal((await ask(second, content, wanted)).status, 404);
  }
  for (const method of ["HEAD", "GET"]) {
    const url = blobUrl(second, image, blob);
    const stranger = await get(url, { ca: to.ca, method, localAddress: "127.0.0.9" });
    assert.equal(stranger.status, 404);
    assert.equal(stranger.headers.location, undefined);
  }
});

test("lets nodes read from the bucket", async () => {
  const wanted = await filled("nodes", { layers: 3, layerMB: 2 });
  const size = wanted.blobs.reduce((sum, blob) => sum + blob.size, 0);
  to.balancer.ports.splice(0, 2, Number(second.url.port));
  for (const node of [await containerdNode("2"), await podmanNode(to.caFile)].map((it) => parts.use(it))) {
    const [bucketBefore, edgeBefore] = [fromBucket(), await fromEdge(second)];
    await node.pull(wanted, to.clients);
    assert.ok(fromBucket() - bucketBefore >= size, node.name);
    const edge = (await fromEdge(second)) - edgeBefore;
    assert.ok(edge < 20_000, `${node.name}: ${edge} bytes`);
  }
  assert.equal(to.direct.bytes(), 0);
});

test("lets a node resume a transfer from the bucket that has broken off", async () => {
  const wanted = await filled("broken-off", { layerMB: 5 });
  const [, layer] = wanted.blobs as [Blob, Blob];
  const answers = () =>
    to.s3.proxy.requests.filter(({ path }) => path.endsWith(`/${hexOf(layer.digest)}/data`));
  to.s3.proxy.forget();
  const node = parts.use(await containerdNode("2"));
  const fault = to.s3.proxy.inject({ kind: "truncate", bytes: 1_000_000 }, hexOf(layer.digest));
  const pull = node.pull(wanted, to.clients);
  await waitUntil("the transfer breaks off", () => answers().some(({ state }) => state === "aborted"));
  fault.remove();
  await pull;
  assert.ok(answers().some(({ status, state }) => status === 206 && state === "complete"));
  assert.equal(to.direct.bytes(), 0);
});

test("sends a node to the upstream when the blob behind a URL is gone, and other replicas fetch it again", async () => {
  const wanted = await filled("gone");
  for (const blob of wanted.blobs) assert.equal((await ask(second, wanted, blob)).status, 307);
  assert.ok((await to.s3.remove(/\/blobs\/sha256\/.*\/data$/)).length > 0);
  to.proxy.forget();
  to.balancer.ports.splice(0, to.balancer.ports.length, Number(second.url.port));
  const node = parts.use(await containerdNode("2"));
  await node.pull(wanted, to.clients);
  for (const { digest } of wanted.blobs) assert.equal(to.direct.count(digest, "GET"), 1);
  const third = await to.add();
  for (const blob of wanted.blobs) {
    const answer = await ask(third, wanted, blob);
    assert.equal(answer.status, 200);
    assert.equal(answer.digest, blob.digest);
    assert.equal(to.proxy.count(blob.digest, "GET"), 1);
  }
});

test("deletes corrupt blobs by the janitor, and no redirects", async () => {
  const [sound, bad] = [await filled("sound"), await to.pushed("bad")];
  const [, corrupt] = bad.blobs as [Blob, Blob];
  for (const blob of sound.blobs) assert.equal((await ask(second, sound, blob)).status, 307);
  {
    using _fault = to.proxy.inject({ kind: "corrupt" }, corrupt.digest);
    assert.notEqual((await ask(second, bad, corrupt)).digest, corrupt.digest);
  }
  await waitUntil("the right bytes", async () => (await ask(second, bad, corrupt)).digest === corrupt.digest);
  // The janitor has checked everything that was stored before.
  await sleep(6000);
  assert.deepEqual((await second.logs("janitor")).match(/sha256:[a-f0-9]{64}/g), [corrupt.digest]);
  for (const blob of sound.blobs) {
    const answer = await ask(second, sound, blob);
    assert.equal(answer.status, 307);
    assert.equal(answer.headers["x-cache"], "HIT");
  }
});

test("soon redirects clients for blobs that have passed through a replica, and keeps no URL for long", async (t) => {
  const own = scope(t);
  const hasty = await startShared(own, "redirect", {
    count: 1,
    edit: (text) =>
      text
        .replaceAll("proxy_cache_valid 200 600s;", "proxy_cache_valid 200 6s;")
        .replaceAll("proxy_cache_valid 307 60s;", "proxy_cache_valid 307 3s;"),
  });
  const [replica] = hasty.replicas as [Replica];
  const content = await hasty.pushed("app");
  const [, blob] = content.blobs as [Blob, Blob];
  const answer = async (status: number) => {
    const given = await download(blobUrl(replica, content, blob), { ca: hasty.ca });
    if (given.status === 200) assert.equal(given.digest, blob.digest);
    return given.status === status && given;
  };
  assert.ok(await answer(200));
  const redirected = await waitUntil("it's in the bucket for clients", () => answer(307));
  assert.equal(redirected.headers["x-cache"], "EXPIRED");
  assert.equal(hasty.proxy.count(blob.digest, "GET"), 1);
  assert.ok((await hasty.s3.remove(/\/blobs\/sha256\/.*\/data$/)).length > 0);
  assert.ok(await answer(307), "for a moment, it leads to nothing");
  await waitUntil("it's fetched again", () => answer(200));
  assert.equal(hasty.proxy.count(blob.digest, "GET"), 2);
});

test("logs no URL's signature", async () => {
  const answers = await Promise.all(to.replicas.map((replica) => replica.logs("edge")));
  assert.ok(answers.some((it) => it.includes('"status":"307"')));
  for (const replica of to.replicas) {
    for (const container of ["edge", "origin-gsoci", "stored-gsoci", "exporter", "janitor"]) {
      assert.doesNotMatch(await replica.logs(container), /X-Amz-/i, container);
    }
    const metrics = await (await fetch(`http://127.0.0.1:${replica.ports.exporter}/metrics`)).text();
    assert.match(metrics, /^registry_cache_client_http_response_count_total/m);
    assert.doesNotMatch(metrics, /X-Amz-/i, "what Prometheus gets");
  }
});
