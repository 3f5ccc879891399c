/** What origin.sh does with a program in place of the registry, and one server in place of its upstream and of its addresses. test/e2e tests it with distribution. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fakePrograms } from "../support/fake-programs.ts";
import { startProcess } from "../support/process.ts";
import { scope } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
import { waitUntil } from "../support/wait.ts";

const origin = join(import.meta.dirname, "../../components/pod/origin.sh");
const waitMs = 60_000;

/** A registry that has one request in progress, and has done as many as ever. */
const busy = `registry_http_in_flight_requests{handler="manifest"} 1
registry_http_requests_total{code="200",handler="manifest",method="get"} 5
`;

interface Setting {
  /** A bash script in place of the registry. @default one that runs until it is stopped */
  readonly registry?: string;
  /** The registry's metrics. @default none */
  readonly metrics?: string;
  /** Seconds until an answer, by the beginning of the path: `/v2/` is the upstream, `/own/` the registry. @default 0 */
  readonly seconds?: Record<string, number>;
}

async function startOrigin(t: TestContext, { registry, metrics = "", seconds = {} }: Setting = {}) {
  const parts = scope(t);
  const answered: string[] = [];
  const { url } = parts.use(
    await startServer(async ({ url = "" }, response) => {
      const [, wait = 0] = Object.entries(seconds).find(([path]) => url.startsWith(path)) ?? [];
      await sleep(wait * 1000, undefined, { ref: false });
      response.end(url === "/metrics" ? metrics : "", () => answered.push(url));
    }),
  );
  const programs = parts.use(await fakePrograms({ registry: registry ?? "exec sleep 300" }));
  const file = (name: string) => join(programs.directory, name);
  await mkdir(file("store"));
  await writeFile(file("store/left"), "");
  const process = parts.use(
    await startProcess("sh", [origin, "config.yml", file("store"), url, url, `${url}/own/`], {
      logFile: file("log"),
      env: { ...programs.env, STARTED_MARK: file("started") },
    }),
  );
  const messages = async () =>
    [...(await process.log()).matchAll(/"message":"([^"]*)"/g)].map(([, it]) => it);
  return {
    process,
    file,
    messages,
    /** Waits for a message. @returns all messages until then */
    told: (message: string) =>
      waitUntil(
        message,
        async () => {
          const all = await messages();
          return all.includes(message) && all;
        },
        waitMs,
      ),
    /** The calls of the registry so far. */
    starts: async () => (await programs.calls()).map((call) => call.join(" ")),
    /** Waits until so many requests have this path. */
    asked: (path: string, count: number) =>
      waitUntil(path, () => answered.filter((it) => it === path).length >= count, waitMs),
  };
}

const serve = "registry serve config.yml";

describe("origin.sh", { concurrency: true }, () => {
  test("empties the store, and leaves a registry alone whose upstream needs its time for an answer", async (t) => {
    const { asked, messages, starts, file } = await startOrigin(t, { seconds: { "/v2/": 1 } });
    await asked("/v2/", 2);
    assert.deepEqual(await readdir(file("store")), []);
    assert.ok(existsSync(file("started")));
    assert.deepEqual(await messages(), []);
    assert.deepEqual(await starts(), [serve]);
  });

  test("stops the registry while its upstream is silent, and starts it when the upstream answers again", async (t) => {
    const seconds = { "/v2/": 30 };
    const { told, starts } = await startOrigin(t, { seconds });
    assert.deepEqual(await told("stopped: the upstream is silent"), ["stopped: the upstream is silent"]);
    assert.deepEqual(await starts(), [serve]);
    seconds["/v2/"] = 0;
    await told("started anew");
    await waitUntil("it is started", async () => (await starts()).length === 2);
  });

  test("starts a registry anew that hangs, although its upstream answers", async (t) => {
    const { told } = await startOrigin(t, { metrics: busy, seconds: { "/own/": 30 } });
    assert.deepEqual(await told("started anew"), ["started anew"]);
  });

  test("leaves a registry alone that only has a long transfer", async (t) => {
    const { asked, messages, starts } = await startOrigin(t, { metrics: busy });
    await asked(`/own/v2/hangs/manifests/sha256:${"0".repeat(64)}`, 2);
    assert.deepEqual(await messages(), []);
    assert.deepEqual(await starts(), [serve]);
  });

  test("starts a usable registry again that ends", async (t) => {
    const registry = `[ ! -e "$0.ended" ] || exec sleep 300; sleep 4; touch "$0.ended"; exit 3`;
    const { told, starts, process } = await startOrigin(t, { registry });
    await told("ended with 3");
    await waitUntil("it is started", async () => (await starts()).length === 2);
    assert.ok(process.running());
  });

  test("ends with a registry that can't start", async (t) => {
    const { process, messages, starts, file } = await startOrigin(t, { registry: "exit 3" });
    await waitUntil("it ends", () => !process.running(), waitMs);
    assert.deepEqual(await messages(), ["ended with 3"]);
    assert.deepEqual(await starts(), [serve]);
    assert.ok(!existsSync(file("started")));
  });

  test("waits for the registry's transfers before it ends", async (t) => {
    const registry = `trap 'sleep 2; kill -0 $PPID && touch "$0.done"; exit' TERM; touch "$0.ready"; while :; do sleep 0.1; done`;
    const { process, file } = await startOrigin(t, { registry });
    await waitUntil("the registry runs", () => existsSync(file("registry.ready")));
    await process.stop();
    assert.ok(existsSync(file("registry.done")));
  });
});
