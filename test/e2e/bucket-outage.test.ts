/** A shared bucket during an outage of the upstream or of the bucket. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Content } from "../../scripts/seed/content.ts";
import { registryName } from "../support/chain.ts";
import { containerdNode } from "../support/clients/node.ts";
import { get } from "../support/http.ts";
import { outages } from "../support/outages.ts";
import { type Replica, type Shared, startShared } from "../support/replicas.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope(test);
let to: Shared;
let image: Content;

/** The maximum time of an answer during an outage. The longest wait is the edge's for a silent origin (manifestSilenceSeconds). */
const answerSeconds = 5;

/** Sends all requests of a pull by tag and by digest. @returns their statuses, and the longest time in ms */
async function ask({ repository, manifest, blobs }: Content, { url }: Replica) {
  const paths = [
    "manifests/1",
    `manifests/${manifest.digest}`,
    ...blobs.map(({ digest }) => `blobs/${digest}`),
  ];
  const statuses = new Set<number>();
  let longestMs = 0;
  for (const path of paths) {
    const begin = performance.now();
    const at = new URL(`/v2/${repository}/${path}?ns=${registryName}`, url);
    statuses.add((await get(at, { ca: to.ca })).status);
    longestMs = Math.max(longestMs, performance.now() - begin);
  }
  return { statuses: [...statuses], longestMs };
}

before(async () => {
  to = await startShared(parts, "proxied", { count: 1 });
  image = await to.pushed("app", { layers: 2 });
  const [first] = to.replicas as [Replica];
  assert.deepEqual((await ask(image, first)).statuses, [200]);
  await to.stored(image.blobs);
});

for (const [kind, begin] of Object.entries(outages)) {
  test(`a replica that starts with the upstream ${kind} serves what the bucket has, and recovers`, async (t) => {
    const cold = await to.pushed(`cold-${kind.replaceAll(" ", "-")}`);
    let fresh: Replica;
    {
      await using _outage = await begin(to.proxy);
      fresh = await to.add();
      const served = await ask(image, fresh);
      assert.deepEqual(served.statuses, [200]);
      assert.ok(served.longestMs < answerSeconds * 1000, `${served.longestMs} ms`);
      const refused = await ask(cold, fresh);
      // After these, a client immediately asks the next host. After 408 or 429, it would retry here.
      for (const status of refused.statuses) assert.ok([404, 500, 502, 503].includes(status), `${status}`);
      t.diagnostic(`longest: ${served.longestMs.toFixed(0)} ms, uncached ${refused.longestMs.toFixed(0)} ms`);
    }
    await waitUntil("an uncached image can be pulled", async () =>
      (await ask(cold, fresh)).statuses.every((status) => status === 200),
    );
  });
}

test("sends nodes to the upstream while the bucket is down", async () => {
  const [first] = to.replicas as [Replica];
  const cold = await to.pushed("no-bucket");
  const node = parts.use(await containerdNode("2"));
  await to.s3.proxy.stopListening();
  to.balancer.ports.splice(0, to.balancer.ports.length, Number(first.url.port));
  await node.pull(cold, to.clients);
  for (const { digest } of cold.blobs) assert.equal(to.direct.count(digest, "GET"), 1);
  // The edge still serves its own objects.
  assert.deepEqual((await ask(image, first)).statuses, [200]);
  await to.s3.proxy.listen();
});
