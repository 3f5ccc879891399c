/** What keeper.sh does with given stores. test/e2e/engine-zot.test.ts tests it with zot. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startProcess } from "../support/process.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
import { waitUntil } from "../support/wait.ts";

const keeper = join(import.meta.dirname, "../../components/pod/keeper.sh");
const mebibyte = Buffer.alloc(1024 ** 2, "x");

/** Files in the stores by path, with size and age. */
type Files = Readonly<Record<string, { readonly MiB?: number; readonly secondsAgo: number }>>;

/** The files of a repository in zot's OCI layout. */
function repository(name: string, secondsAgo: number, MiB: number): Files {
  return {
    [`${name}/index.json`]: { secondsAgo },
    [`${name}/oci-layout`]: { secondsAgo },
    [`${name}/blobs/sha256/layer`]: { MiB, secondsAgo },
  };
}

/** A server that only tells when zot was started. @returns its port */
async function startedAgo(t: TestContext, seconds: number): Promise<number> {
  const started = Date.now() / 1000 - seconds;
  const server = await startServer((request, response) => {
    response.end(
      request.url === "/metrics"
        ? `# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${(started / 1e9).toFixed(11)}e+09\n`
        : "",
    );
  });
  return scope(t).use(server).port;
}

/** Runs the keeper until it has checked once. @returns its output, and the remaining files */
async function look(t: TestContext, maxMiB: number, files: Files, zotPort = 1) {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  for (const [file, { MiB = 0, secondsAgo }] of Object.entries(files)) {
    const place = join(path, "stores", file);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, MiB > 0 ? Buffer.concat(Array(MiB).fill(mebibyte)) : "{}");
    const time = Date.now() / 1000 - secondsAgo;
    await utimes(place, time, time);
    // The directories are old, too, because their own times must not count.
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

/** Asserts that exactly the files of these repositories remain. */
function assertLeft(left: readonly string[], files: Files, ...repositories: string[]): void {
  const expected = Object.keys(files).filter((file) => repositories.some((it) => file.startsWith(`${it}/`)));
  assert.deepEqual(left.toSorted(), expected.toSorted());
}

describe("keeper.sh", { concurrency: true }, () => {
  test("keeps everything while there is space, and counts it by upstream", async (t) => {
    const files = { ...repository("one/one/app", 300, 2), ...repository("two-b/two-b/app", 200, 1) };
    const { left, text, log } = await look(t, 10, files);
    assertLeft(left, files, "one", "two-b");
    assert.match(text, /^registry_cache_engine_store_bytes\{upstream="one"\} 209\d{4}$/m);
    assert.match(text, /^registry_cache_engine_store_bytes\{upstream="two-b"\} 104\d{4}$/m);
    assert.match(text, /^registry_cache_engine_store_max_bytes 10485760$/m);
    assert.match(text, /^registry_cache_engine_evicted_total 0$/m);
    const written = Number(/^registry_cache_keeper_run_time_seconds (\d+)$/m.exec(text)?.[1]);
    assert.ok(Math.abs(Date.now() / 1000 - written) < 60, `${written}`);
    assert.match(text, /^registry_proxy_pulled_bytes_total\{upstream="one",type="blob"\} 0$/m);
    assert.equal(log, "");
  });

  test("deletes the repository that changed the longest ago first, of any upstream, and no other with it", async (t) => {
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

  test("deletes a repository that has just changed last, even if there is no space", async (t) => {
    const files = { ...repository("one/one/old", 100, 2), ...repository("one/one/new", 2, 2) };
    assertLeft((await look(t, 3, files)).left, files, "one/one/new");
    const all = { ...repository("one/one/new", 3, 2), ...repository("one/one/newer", 1, 2) };
    assertLeft((await look(t, 3, all)).left, all, "one/one/newer");
  });

  test("deletes only a copy that can't fit, and no images or other copies", async (t) => {
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

  test("deletes as many copies as needed if they don't fit together, the largest first, and no image", async (t) => {
    const copy = (name: string, MiB: number) => ({
      [`one/one/${name}/.sync/1/one/${name}/blobs/sha256/layer`]: { MiB, secondsAgo: 0 },
    });
    const files = { ...copy("a", 3), ...copy("b", 4), ...copy("c", 2), ...repository("one/one/app", 300, 1) };
    const { left, text } = await look(t, 9, files);
    assertLeft(left, files, "one/one/a", "one/one/c", "one/one/app");
    assert.match(text, /^registry_cache_engine_too_large_total 1$/m);
  });

  test("treats a repository with a copy in progress as new, and keeps the copy even if it deletes the repository", async (t) => {
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

  test("deletes what an interrupted deletion or commit has left, and nothing that zot is writing", async (t) => {
    const files = {
      ...repository("one/.evicted-7-0", 5, 1),
      "one/one/half/blobs/sha256/layer": { MiB: 1, secondsAgo: 1200 },
      "one/one/half/oci-layout": { secondsAgo: 1200 },
      ...repository("one/one/half/part", 1200, 1),
      "one/one/begun/blobs/sha256/layer": { MiB: 1, secondsAgo: 30 },
      // A repository with this name.
      ...repository("two-b/two-b/blobs", 1200, 1),
    };
    const { left, log } = await look(t, 20, files);
    assertLeft(left, files, "one/one/half/part", "one/one/begun", "two-b");
    assert.match(log, /no repository's.*one\/one\/half"/);
  });

  test("deletes distribution's files, even where zot has a repository of a similar name", async (t) => {
    const files = {
      "one/docker/registry/v2/repositories/app/_layers/link": { secondsAgo: 1 },
      "one/docker/registry/v2/blobs/sha256/00/data": { MiB: 1, secondsAgo: 1 },
      ...repository("two-b/docker/registry/v2", 10, 1),
      ...repository("two-b/docker/registry/v2/repositories", 10, 1),
    };
    assertLeft((await look(t, 10, files)).left, files, "two-b");
  });

  test("deletes what a sync has left, and keeps what one is writing", async (t) => {
    const files = {
      "one/one/app/.sync/1/one/app/blobs/sha256/layer": { MiB: 1, secondsAgo: 1200 },
      "one/one/app/.sync/2/one/app/blobs/sha256/layer": { MiB: 1, secondsAgo: 30 },
    };
    const { left, log } = await look(t, 10, files);
    assert.deepEqual(left, ["one/one/app/.sync/2/one/app/blobs/sha256/layer"]);
    assert.match(log, /a sync has left it.*\.sync\/1"/);
  });

  test("marks a silent upstream for at most 30 s ahead, and removes the mark when it answers again", async (t) => {
    const parts = scope(t);
    const { path } = parts.use(await tempDir());
    let silent = true;
    const upstream = await startServer((_, response) => {
      if (!silent) response.end();
    });
    const { port } = parts.use(upstream);
    // Marks of an earlier keeper, and of another upstream.
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

  test("immediately deletes what an ended zot was writing, and nothing of another zot", async (t) => {
    const copy = (place: string, secondsAgo: number) => ({
      [`${place}/app/.sync/1/one/app/blobs/sha256/layer`]: { MiB: 1, secondsAgo },
    });
    const files = { ...copy("one/one", 30), ...copy("one/one/new", 10), ...copy("two-b/two-b", 30) };
    const { left } = await look(t, 10, files, await startedAgo(t, 20));
    assertLeft(left, files, "one/one/new", "two-b");
  });
});
