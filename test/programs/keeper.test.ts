/** What keeper.sh does with the stores that it finds; test/e2e/engine-zot.test.ts has it beside zot. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startProcess } from "../support/process.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const keeper = join(import.meta.dirname, "../../components/pod/keeper.sh");
const mebibyte = Buffer.alloc(1024 ** 2, "x");

/** A file in a store, by its path, with its size and how long ago it was written. */
type Files = Readonly<Record<string, { readonly MiB?: number; readonly secondsAgo: number }>>;

/** The files of a repository: an OCI layout as zot has it. */
function repository(name: string, secondsAgo: number, MiB: number): Files {
  return {
    [`${name}/index.json`]: { secondsAgo },
    [`${name}/oci-layout`]: { secondsAgo },
    [`${name}/blobs/sha256/layer`]: { MiB, secondsAgo },
  };
}

/** A zot that says only when it was started, on a port of its own. */
async function startedAgo(t: TestContext, seconds: number): Promise<number> {
  const started = Date.now() / 1000 - seconds;
  const server = createServer((request, response) => {
    response.end(
      request.url === "/metrics"
        ? `# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${(started / 1e9).toFixed(11)}e+09\n`
        : "",
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Runs the keeper until it has looked once, and returns what it says and what is left of the files. */
async function look(t: TestContext, maxMiB: number, files: Files, zotPort = 1) {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  for (const [file, { MiB = 0, secondsAgo }] of Object.entries(files)) {
    const place = join(path, "stores", file);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, MiB > 0 ? Buffer.concat(Array(MiB).fill(mebibyte)) : "{}");
    const time = Date.now() / 1000 - secondsAgo;
    await utimes(place, time, time);
    // A directory's own time is no sign of life, either.
    const directories = file.split("/").map((_, index, names) => names.slice(0, index).join("/"));
    for (const directory of directories) await utimes(join(path, "stores", directory), time, time);
  }
  const metrics = join(path, "metrics");
  const process = parts.use(
    await startProcess(
      "sh",
      [
        keeper,
        join(path, "stores"),
        join(path, "silent-"),
        metrics,
        `one=${zotPort}=http://127.0.0.1:1`,
        "two-b=1=http://127.0.0.1:1",
      ],
      { logFile: join(path, "log"), env: { MAX_MIB: String(maxMiB) } },
    ),
  );
  const text = await waitUntil("it has looked", () => readFile(metrics, "utf8").catch(() => undefined));
  const left = Object.keys(files).filter((file) => existsSync(join(path, "stores", file)));
  return { text, left, log: await process.log() };
}

/** All files of these repositories, and nothing else. */
function assertLeft(left: readonly string[], files: Files, ...repositories: string[]): void {
  const expected = Object.keys(files).filter((file) => repositories.some((it) => file.startsWith(`${it}/`)));
  assert.deepEqual(left.toSorted(), expected.toSorted());
}

describe("keeper.sh", { concurrency: true }, () => {
  test("as long as there is room, all of it stays, and is counted by upstream", async (t) => {
    const files = { ...repository("one/one/app", 300, 2), ...repository("two-b/two-b/app", 200, 1) };
    const { left, text, log } = await look(t, 10, files);
    assertLeft(left, files, "one", "two-b");
    assert.match(text, /^registry_cache_engine_store_bytes\{upstream="one"\} 209\d{4}$/m);
    assert.match(text, /^registry_cache_engine_store_bytes\{upstream="two-b"\} 104\d{4}$/m);
    assert.match(text, /^registry_cache_engine_store_max_bytes 10485760$/m);
    assert.match(text, /^registry_cache_engine_evicted_total 0$/m);
    assert.match(text, /^registry_proxy_pulled_bytes_total\{upstream="one",type="blob"\} 0$/m);
    assert.equal(log, "");
  });

  test("what was changed the longest ago goes first, whichever upstream it is of, and takes no other repository along", async (t) => {
    const files = {
      ...repository("one/one/app", 300, 2),
      ...repository("one/one/app/part", 250, 1),
      ...repository("two-b/two-b/app", 200, 2),
    };
    const { left, text, log } = await look(t, 4, files);
    assertLeft(left, files, "one/one/app/part", "two-b");
    assert.match(text, /^registry_cache_engine_evicted_total 1$/m);
    assert.match(log, /over their share.*one\/one\/app"/);
  });

  test("what was just changed goes last, even so if there is no room", async (t) => {
    const files = { ...repository("one/one/old", 100, 2), ...repository("one/one/new", 2, 2) };
    assertLeft((await look(t, 3, files)).left, files, "one/one/new");
    const all = { ...repository("one/one/new", 3, 2), ...repository("one/one/newer", 1, 2) };
    assertLeft((await look(t, 3, all)).left, all, "one/one/newer");
  });

  test("a copy that won't fit goes alone, and takes neither images nor other copies along", async (t) => {
    const files = {
      ...repository("one/one/app", 300, 1),
      "one/one/large/.sync/1/one/large/blobs/sha256/layer": { MiB: 5, secondsAgo: 0 },
      "two-b/two-b/small/.sync/1/two-b/small/blobs/sha256/layer": { MiB: 1, secondsAgo: 0 },
    };
    const { left, log, text } = await look(t, 4, files);
    assertLeft(left, files, "one/one/app", "two-b");
    assert.match(log, /too large.*one\/one\/large\/\.sync\/1"/);
    assert.match(text, /^registry_cache_engine_too_large_total 1$/m);
    assert.match(text, /^registry_cache_engine_evicted_total 0$/m);
  });

  test("copies that don't fit together go, the largest first, as far as needed, and take no image along", async (t) => {
    const copy = (name: string, MiB: number) => ({
      [`one/one/${name}/.sync/1/one/${name}/blobs/sha256/layer`]: { MiB, secondsAgo: 0 },
    });
    const files = { ...copy("a", 3), ...copy("b", 4), ...copy("c", 2), ...repository("one/one/app", 300, 1) };
    const { left, text } = await look(t, 9, files);
    assertLeft(left, files, "one/one/a", "one/one/c", "one/one/app");
    assert.match(text, /^registry_cache_engine_too_large_total 1$/m);
  });

  test("a repository that is being copied to is a new one, and its copy stays even where it goes", async (t) => {
    const copy = { "one/one/app/.sync/1/one/app/blobs/sha256/layer": { MiB: 1, secondsAgo: 3 } };
    const upload = { "one/one/sent/.uploads/1": { secondsAgo: 3 } };
    const files = {
      ...repository("one/one/app", 300, 1),
      ...repository("one/one/sent", 300, 1),
      ...repository("one/one/other", 200, 1),
      ...copy,
      ...upload,
    };
    assertLeft((await look(t, 4, files)).left, files, "one/one/app", "one/one/sent");
    const { left } = await look(t, 4, { ...files, ...repository("one/one/app", 300, 4) });
    assertLeft(left, files, "one/one/app/.sync", "one/one/sent");
  });

  test("what a deletion or a commit that was cut off has left goes, and nothing that zot is writing", async (t) => {
    const files = {
      ...repository("one/.evicted-7-0", 5, 1),
      "one/one/half/blobs/sha256/layer": { MiB: 1, secondsAgo: 1200 },
      "one/one/half/oci-layout": { secondsAgo: 1200 },
      ...repository("one/one/half/part", 1200, 1),
      "one/one/begun/blobs/sha256/layer": { MiB: 1, secondsAgo: 30 },
      // A repository of this name.
      ...repository("two-b/two-b/blobs", 1200, 1),
    };
    const { left, log } = await look(t, 20, files);
    assertLeft(left, files, "one/one/half/part", "one/one/begun", "two-b");
    assert.match(log, /no repository's.*one\/one\/half"/);
  });

  test("what distribution had is gone, also where zot has a repository of a similar name", async (t) => {
    const files = {
      "one/docker/registry/v2/repositories/app/_layers/link": { secondsAgo: 1 },
      "one/docker/registry/v2/blobs/sha256/00/data": { MiB: 1, secondsAgo: 1 },
      ...repository("two-b/docker/registry/v2", 10, 1),
      ...repository("two-b/docker/registry/v2/repositories", 10, 1),
    };
    assertLeft((await look(t, 10, files)).left, files, "two-b");
  });

  test("what a sync has left behind goes, and what one is writing stays", async (t) => {
    const files = {
      "one/one/app/.sync/1/one/app/blobs/sha256/layer": { MiB: 1, secondsAgo: 1200 },
      "one/one/app/.sync/2/one/app/blobs/sha256/layer": { MiB: 1, secondsAgo: 30 },
    };
    const { left, log } = await look(t, 10, files);
    assert.deepEqual(left, ["one/one/app/.sync/2/one/app/blobs/sha256/layer"]);
    assert.match(log, /a sync has left it.*\.sync\/1"/);
  });

  test("a silent upstream has a mark for at most 30 s to come, and none when it answers again", async (t) => {
    const parts = scope(t);
    const { path } = parts.use(await tempDir());
    let silent = true;
    const upstream = createServer((_, response) => {
      if (!silent) response.end();
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    t.after(() => upstream.close());
    const { port } = upstream.address() as AddressInfo;
    // What an earlier one has left, and what another upstream has.
    await writeFile(join(path, "silent-one.1"), "");
    await writeFile(join(path, "silent-one-b.1"), "");
    parts.use(
      await startProcess(
        "sh",
        [keeper, path, join(path, "silent-"), join(path, "metrics"), `one=1=http://127.0.0.1:${port}`],
        { logFile: join(path, "log") },
      ),
    );
    const marks = async () => (await readdir(path)).filter((it) => it.startsWith("silent-one."));
    await waitUntil("the old mark is gone", async () => (await marks()).length === 0);
    const found = await waitUntil(
      "it is marked",
      async () => {
        const now = await marks();
        return now.length === 3 && now;
      },
      60_000,
    );
    const now = Math.floor(Date.now() / 10_000);
    for (const mark of found) {
      const moment = Number(mark.split(".")[1]);
      assert.ok(moment >= now - 1 && moment <= now + 2, `${mark} at ${now}`);
    }
    silent = false;
    await waitUntil("the marks are gone", async () => (await marks()).length === 0, 60_000);
    assert.ok(existsSync(join(path, "silent-one-b.1")));
  });

  test("what a zot that has ended was writing goes at once, and nothing of another one", async (t) => {
    const copy = (place: string, secondsAgo: number) => ({
      [`${place}/app/.sync/1/one/app/blobs/sha256/layer`]: { MiB: 1, secondsAgo },
    });
    const files = { ...copy("one/one", 30), ...copy("one/one/new", 10), ...copy("two-b/two-b", 30) };
    const { left } = await look(t, 10, files, await startedAgo(t, 20));
    assertLeft(left, files, "one/one/new", "two-b");
  });
});
