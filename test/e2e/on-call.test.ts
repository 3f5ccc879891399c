/** The program `registry-cache` with a real Pod, one test after the other. alerts.test.ts tests its use in the runbooks. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { podman, podmanEnvironment } from "../../components/hosts/local/podman.ts";
import { onCallProgram, probeParameters } from "../../components/hosts/oncall/program.ts";
import { push } from "../../scripts/seed/push.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope(test);
let chain: Chain;
let program: string;

before(async () => {
  // The rules' minutes have their full length, but Prometheus evaluates them more often.
  chain = await startChain(parts, {
    secondsPerMinute: 60,
    region: { access: { clients: ["203.0.113.0/24"] } },
  });
  const { cache } = chain;
  program = join(parts.use(await tempDir()).path, "registry-cache");
  const text = onCallProgram({
    host: "local",
    region: cache.layout.podName.replace("registry-cache-", ""),
    endpoint: cache.url.origin,
    internalPort: cache.layout.ports.edgeStatus,
    probe: probeParameters(cache.url.hostname, { port: Number(cache.url.port) }),
    runbookUrl: "docs/runbooks/{alert}.md",
    data: cache.layout.directory,
    state: cache.layout.directory,
  });
  await writeFile(program, text);
  await chmod(program, 0o755);
});

async function run(...args: readonly string[]): Promise<{ exitCode: number | undefined; all: string }> {
  const { exitCode, all } = await execa(program, args, {
    env: podmanEnvironment(),
    reject: false,
    all: true,
  });
  return { exitCode, all };
}

test("pulls for a test, verifies the content, says what the cache had, and counts for no client", async () => {
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layers: 3, layerMB: 0.2 });
  await push(chain.registry.url, image);
  const name = `${registryName}/giantswarm/app:1`;
  const cold = await run("pull", name);
  assert.equal(cold.exitCode, 0, cold.all);
  assert.equal(cold.all.match(/^MISS .* bytes/gm)?.length, 5, cold.all);
  const warm = await run("pull");
  assert.equal(warm.exitCode, 0, warm.all);
  assert.match(warm.all, new RegExp(`manifest of ${name}$`, "m"), "the one that was asked for last");
  assert.match(warm.all, /^5 answers, 5 of them hits, 0\.6 MB in /m);
  // The only HEAD request for a ping. The exporter has read the log lines of all earlier requests when it counts this one.
  const { url, ca, layout } = chain.cache;
  assert.equal((await get(new URL("/v2/", url), { ca, method: "HEAD" })).status, 200);
  const requests = await waitUntil("the ping is counted", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${layout.ports.exporter}/metrics`)).text();
    const lines = metrics
      .split("\n")
      .filter((line) => line.startsWith("registry_cache_http_response_count_total{"));
    return lines.some((line) => line.includes('kind="ping",method="HEAD"')) ? lines : undefined;
  });
  assert.deepEqual(
    requests.filter((line) => !line.includes('kind="ping"')),
    [],
  );
  const refused = await run("pull", `${registryName}/others/app:1`);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.all, /others\/app:1: FAILED, .*404/);
});

test("shows the cache's state on one screen", async () => {
  const { exitCode, all } = await waitUntil(
    "the rules are evaluated",
    async () => {
      const it = await run("status");
      return it.all.includes("no rule yet") ? undefined : it;
    },
    90_000,
  );
  assert.equal(exitCode, 0, all);
  assert.match(all, /^verdict {8}serving$/m);
  assert.match(all, /^container {6}edge Up /m);
  assert.match(all, /^disk {11}\/.*% of .* used/m);
  assert.match(all, /^certificate {4}ends in \d+ days/m);
  assert.match(all, /^configuration {2}applied /m);
  assert.ok(all.split("\n").length < 24, all);
});

test("shows that nginx isn't running, and what can be found out without it", async () => {
  const edge = chain.cache.container("edge");
  await podman(["stop", "--time", "2", edge]);
  const { exitCode, all } = await run("status");
  assert.equal(exitCode, 1);
  assert.match(all, /^verdict {8}NOT SERVING: the endpoint does not answer$/m);
  assert.match(all, /^container {6}edge Exited /m);
  assert.match(all, /^certificate {4}none is served; the stored one ends on /m);
  await podman(["start", edge]);
});

test("doesn't report the cache as down without its probe", async () => {
  const blackbox = chain.cache.container("blackbox");
  await podman(["stop", "--time", "2", blackbox]);
  const { exitCode, all } = await run("status");
  assert.equal(exitCode, 1);
  assert.match(all, /^verdict {8}NOT KNOWN: the probe does not run/m);
  assert.match(all, /^container {6}blackbox Exited /m);
  await podman(["start", blackbox]);
});

test("restarts a container, and ends when it runs", async () => {
  for (const args of [["edge"], []]) {
    const { exitCode, all } = await run("restart", ...args);
    assert.equal(exitCode, 0, all);
  }
  const parts = await run("parts");
  assert.equal(parts.exitCode, 0, parts.all);
  assert.doesNotMatch(parts.all, /: (?!running)\w+ since/);
  assert.match(parts.all, /^edge: running since/m);
});
