import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { push } from "../../scripts/seed/push.ts";
import { registryName, startChain } from "../support/chain.ts";
import { craneTags } from "../support/clients/crane.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";

const repository = "giantswarm/app";
const tags = ["1.0.0", "1.1.0", "2.0.0", "3.0.0-rc.1", "latest"];

test("lists tags page by page, however the client names the registry", async (t) => {
  const parts = scope(t);
  const { registry, proxy, cache } = await startChain(parts);
  for (const tag of tags) {
    await push(registry.url, await randomImage({ repository, tag, layerMB: 1, seed: "same" }));
  }
  const pages = async (first: string) => {
    const found: string[][] = [];
    for (let next: string | undefined = first; next; ) {
      const answer = await get(new URL(next, cache.url), { ca: cache.ca });
      assert.equal(answer.status, 200, next);
      found.push(JSON.parse(answer.body.toString()).tags);
      next = answer.headers.link?.toString().match(/^<([^>]+)>; *rel="next"$/)?.[1];
    }
    return found;
  };
  const inTwos = [tags.slice(0, 2), tags.slice(2, 4), tags.slice(4)];

  for (const [how, path] of [
    ["as the default", `/v2/${repository}/tags/list?n=2`],
    ["by the path", `/v2/${registryName}/${repository}/tags/list?n=2`],
    ["by ?ns=", `/v2/${repository}/tags/list?n=2&ns=${registryName}`],
  ] as const) {
    await t.test(how, async () => assert.deepEqual(await pages(path), inTwos));
  }

  await t.test("lists all tags at once, and all from a tag on", async () => {
    assert.deepEqual(await pages(`/v2/${repository}/tags/list`), [tags]);
    assert.deepEqual(await pages(`/v2/${repository}/tags/list?last=1.1.0`), [tags.slice(2)]);
    assert.deepEqual(await pages(`/v2/${repository}/tags/list?n=5&last=2.0.0`), [tags.slice(3)]);
  });

  await t.test("takes no space for manifests, however many lists a client requests", async () => {
    const kept = async () =>
      (await readdir(join(cache.layout.cache, "manifests"), { recursive: true })).sort();
    const before = await kept();
    for (let n = 10; n < 30; n++) await pages(`/v2/${repository}/tags/list?n=${n}&last=${n}`);
    assert.deepEqual(await kept(), before);
  });

  await t.test("continues a list that was cached before registries had a path prefix", async () => {
    const asked = (path: string) => get(new URL(path, cache.url), { ca: cache.ca });
    await asked(`/v2/${repository}/tags/list?n=3`);
    const directory = join(cache.layout.cache, "lists");
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    let changed = 0;
    for (const file of files.filter((it) => it.isFile())) {
      const path = join(file.parentPath, file.name);
      const content = await readFile(path, "latin1");
      // The length stays the same, because nginx has stored where the body begins.
      const earlier = content.replace(": </gsoci/v2/", ":       </v2/");
      if (earlier !== content) changed += 1;
      await writeFile(path, earlier, "latin1");
    }
    assert.ok(changed > 0);
    const rest = "giantswarm/app/tags/list?last=2.0.0&n=3";
    for (const [path, link] of [
      [`/v2/${repository}/tags/list?n=3`, `/v2/${rest}`],
      [`/v2/${registryName}/${repository}/tags/list?n=3`, `/v2/${registryName}/${rest}`],
      [`/v2/${repository}/tags/list?n=3&ns=${registryName}`, `/v2/${rest}&ns=${registryName}`],
    ] as const) {
      const { headers } = await asked(path);
      assert.match(String(headers["x-cache"]), /^HIT/);
      assert.equal(headers.link, `<${link}>; rel="next"`);
    }
  });

  await t.test("works with crane", async () => {
    assert.deepEqual(await craneTags(`${cache.url.host}/${registryName}/${repository}`, cache.caFile), tags);
  });

  await t.test("forwards only parameters of paging", async () => {
    const asked = async (query: string) => {
      proxy.forget();
      await pages(`/v2/${repository}/tags/list?${query}`);
      return proxy.requests.filter(({ path }) => path.endsWith("/tags/list")).map(({ query }) => query);
    };
    assert.deepEqual(await asked("x=1&n=7&y=%2e%2e&ns="), ["?n=7"]);
    // Malformed parameters are left out, and the whole list is already cached.
    assert.deepEqual(await asked("n=-1"), []);
    assert.deepEqual(await asked("n=7&last=../../secret"), []);
  });
});
