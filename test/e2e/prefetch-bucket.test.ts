/** Replicas that share a bucket: all have what one of them has prefetched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodPrefetch } from "../../components/pod/options.ts";
import { OnlyCached } from "../../scripts/prefetch/only-cached.ts";
import { registryName } from "../support/chain.ts";
import { type Replica, startShared } from "../support/replicas.ts";
import { waitUntil } from "../support/wait.ts";

async function untilPresent({ ports }: Replica): Promise<string> {
  const url = `http://127.0.0.1:${ports.edgeStatus}/metrics/prefetch`;
  return await waitUntil("the image is there", async () => {
    const text = await (await fetch(url)).text();
    return /images_wanted 1$/m.test(text) && /images_present 1$/m.test(text) && text;
  });
}

for (const delivery of ["proxied", "redirect"] as const) {
  test(`finds in the bucket what the first replica has prefetched, with delivery ${delivery}`, async () => {
    await using parts = new AsyncDisposableStack();
    const prefetch: PodPrefetch = {
      references: [{ registry: registryName, repository: "giantswarm/app", reference: "1" }],
      ...{ platforms: "all", everyMinutes: 60, mbps: 200, workingSetGiB: 1 },
    };
    const to = await startShared(parts, delivery, { count: 0, prefetch });
    const image = await to.pushed("app");
    assert.match(await untilPresent(await to.add()), /bytes_total 1\d{6}$/m);
    await to.stored(image.blobs);
    to.proxy.forget();
    assert.match(await untilPresent(await to.add()), /bytes_total 0$/m);
    const [{ url } = assert.fail("no replica")] = to.replicas;
    const known = new OnlyCached({ endpoint: url.origin, ca: { certificate: to.ca } });
    const path = `${registryName}/giantswarm/app`;
    assert.ok(await known.isUnderstood(path));
    for (const { digest } of image.blobs) assert.ok(await known.hasBlob(path, digest));
    const other = await to.pushed("other");
    for (const { digest } of other.blobs) assert.equal(await known.hasBlob(path, digest), false);
    for (const { digest } of [...image.blobs, ...other.blobs]) assert.equal(to.proxy.count(digest), 0);
  });
}
