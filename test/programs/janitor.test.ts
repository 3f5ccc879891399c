/** The janitor's scripts alone, with a server in place of nginx's status server. test/e2e tests them with nginx. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import { tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
import { waitUntil } from "../support/wait.ts";

const janitor = join(import.meta.dirname, "../../components/pod/janitor.sh");

/** An object as nginx stores it: a binary header, the key, the answer's headers, and the body. @param length in the answer's headers */
function object(key: string, body: string, headers: readonly string[] = [], length = body.length): string {
  const answer = ["HTTP/1.1 200 OK", `Content-Length: ${length}`, ...headers, "", ""].join("\r\n");
  return `\0\0\nKEY: ${key}\n${answer}${body}`;
}

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

interface Cache {
  readonly path: string;
  readonly requests: readonly IncomingMessage[];
  /** The janitor's output. */
  log(): string;
  metrics(): Promise<string>;
  store(zone: "blobs" | "manifests", content: string, suffix?: string): Promise<string>;
  has(file: string): Promise<boolean>;
  run(environment?: NodeJS.ProcessEnv): void;
}

async function cacheFor(parts: AsyncDisposableStack): Promise<Cache> {
  const { path } = parts.use(await tempDir());
  const requests: IncomingMessage[] = [];
  const server = await startServer((request, response) => {
    requests.push(request);
    response.end(request.url === "/connections" ? connections : "");
  });
  const { port } = parts.use(server);
  await writeFile(join(path, "nginx.pid"), "1");
  for (const zone of ["blobs", "manifests", "programs"]) await mkdir(join(path, zone));
  await writeFile(join(path, "programs/nc"), netcat, { mode: 0o755 });
  let log = "";
  return {
    path,
    requests,
    log: () => log,
    metrics: () => readFile(join(path, "tmp/metrics"), "utf8").catch(() => ""),
    async store(zone, content, suffix = "") {
      const name = createHash("md5").update(content).digest("hex");
      const file = join(path, zone, name.slice(-1), name.slice(-3, -1), `${name}${suffix}`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
    async has(file) {
      return (await readdir(dirname(file))).some((name) => file.endsWith(`/${name}`));
    },
    run(environment = {}) {
      const ended = execa("sh", [janitor, path, `http://127.0.0.1:${port}`], {
        reject: false,
        all: true,
        detached: true,
        env: { ...limits, PATH: `${join(path, "programs")}:${process.env.PATH}`, ...environment },
      });
      ended.all.on("data", (text) => {
        log += text;
      });
      // Ends the janitor with all its child processes.
      parts.defer(async () => {
        process.kill(-(ended.pid as number), "SIGKILL");
        await ended;
      });
    },
  };
}

const limits = {
  BLOBS_MIB: "100",
  MANIFESTS_MIB: "10",
  MIN_FREE_MIB: "1",
  CONNECTIONS_PER_WORKER: "8192",
  WORKERS: "2",
  REQUESTS_PORT: "1",
  CLIENTS_PORT: "2",
};

const connections = `Active connections: 3
server accepts handled requests
 70 69 200
Reading: 0 Writing: 1 Waiting: 2
`;

/** A replacement for BusyBox's `nc`, for machines without it. Alpine's doesn't end with the server's side of a connection, but when it can't write any more. */
const netcat = `#!/bin/bash
exec 3<>"/dev/tcp/$1/$2"
cat <&0 >&3 &
cat <&3
wait
`;

// The tests wait for the scripts, which check every second or every five. So they run concurrently.
describe("the janitor", { concurrency: true }, () => {
  test("keeps an object that matches its digest, or that has none", async (t) => {
    await using parts = new AsyncDisposableStack();
    const cache = await cacheFor(parts);
    const digest = digestOf("content");
    const kept = [
      await cache.store("blobs", object(`blob gsoci ${digest}`, "content")),
      await cache.store("manifests", object(`manifest gsoci ${digest}`, "content")),
      await cache.store(
        "manifests",
        object("tag gsoci a/b:1", "content", [`Docker-Content-Digest: ${digest}`]),
      ),
      await cache.store("manifests", object("list gsoci a/b ", "other")),
    ];
    const corrupt = [
      await cache.store("blobs", object(`blob gsoci ${digest}`, "CONTENT")),
      await cache.store(
        "manifests",
        object("tag gsoci a/b:2", "CONTENT", [`Docker-Content-Digest: ${digest}`]),
      ),
    ];
    cache.run();
    await waitUntil("both are counted", async () =>
      (await cache.metrics()).includes("corrupt_objects_total 2"),
    );
    for (const file of kept) assert.ok(await cache.has(file), file);
    for (const file of corrupt) assert.ok(!(await cache.has(file)), file);
    assert.equal(cache.log().match(/deleted: the content doesn't have its digest/g)?.length, 2);
    t.diagnostic(cache.log());
  });

  test("tells a new nginx of every object by its key, and deletes unfinished files of the previous one", async () => {
    await using parts = new AsyncDisposableStack();
    const cache = await cacheFor(parts);
    const keys = {
      blobs: `blob gsoci ${digestOf("1")}`,
      manifests: `manifest gsoci ${digestOf("2")}`,
    } as const;
    await cache.store("blobs", object(keys.blobs, "1"));
    await cache.store("manifests", object(keys.manifests, "2"));
    const abandoned = await cache.store("blobs", object("blob gsoci x", "half"), ".0123456789");
    const begun = Date.now() / 1000 - 60;
    await utimes(abandoned, begun, begun);
    const current = await cache.store("blobs", object("blob gsoci y", "half"), ".0123456789");
    cache.run();
    const told = () => cache.requests.filter(({ url }) => url?.startsWith("/known/"));
    await waitUntil("both are told", () => told().length === 2);
    assert.deepEqual(
      told().map(({ method, url, headers }) => [method, url, headers["x-key"]]),
      Object.entries(keys).map(([zone, key]) => ["HEAD", `/known/${zone}`, key]),
    );
    assert.ok(!(await cache.has(abandoned)));
    assert.ok(await cache.has(current));
  });

  test("requests the pulse from nginx every second, over one connection", async () => {
    await using parts = new AsyncDisposableStack();
    const cache = await cacheFor(parts);
    cache.run();
    const pulses = () => cache.requests.filter(({ url }) => url === "/pulse");
    await waitUntil("three pulses", () => pulses().length >= 3);
    assert.equal(new Set(pulses().map(({ socket }) => socket)).size, 1);
    for (const { socket } of pulses()) socket.destroy();
    await waitUntil("another connection", () => new Set(pulses().map(({ socket }) => socket)).size === 2);
  });

  test("refuses new blobs while stored and unfinished ones take their space", async () => {
    await using parts = new AsyncDisposableStack();
    const cache = await cacheFor(parts);
    const under = await cache.store("blobs", object("blob gsoci x", "", [], 3_000_000), ".0123456789");
    cache.run({ BLOBS_MIB: "1", FILLS_MIB: "1" });
    const full = join(cache.path, "tmp/full");
    await waitUntil("full", async () => cache.has(full));
    await rm(under);
    await waitUntil("no longer full", async () => !(await cache.has(full)));
  });

  test("collects the metrics of nginx, the file system and the janitor", async () => {
    await using parts = new AsyncDisposableStack();
    const cache = await cacheFor(parts);
    const stored = object(`blob gsoci ${digestOf("content")}`, "content");
    await cache.store("blobs", stored);
    await writeFile(join(cache.path, "refused"), "");
    cache.run();
    const metrics = await waitUntil("the metrics", async () => {
      const text = await cache.metrics();
      return text.includes('stored_objects_total{zone="blobs"} 1') && text;
    });
    for (const line of [
      'store_objects{zone="blobs"} 1',
      `store_bytes{zone="blobs"} ${stored.length}`,
      'store_max_bytes{zone="manifests"} 10485760',
      "filesystem_min_free_bytes 1048576",
      'connections{state="active"} 3',
      'connections{state="waiting"} 2',
      "connections_accepted_total 70",
      "connections_handled_total 69",
      "connections_max 16384",
      "edge_configuration_refused 1",
    ]) {
      assert.ok(metrics.includes(`\nregistry_cache_${line}\n`), line);
    }
  });
});
