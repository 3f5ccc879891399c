/** When a replica is ready for clients: the scripts of its probes in the images' shell, without a kubelet. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import type { Container } from "kubernetes-types/core/v1.d.ts";
import { podPorts } from "../../components/config/ports.ts";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { readinessProbe, sideContainer } from "../../components/hosts/kubernetes/probes.ts";
import { edgePaths } from "../../components/pod/edge/paths.ts";
import { ensureDebianTree } from "../../scripts/setup/from-source/debian.ts";
import { kubernetesPlan } from "../support/kubernetes-regions.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";

/** A directory with only the images' programs, and one for files. */
async function place(t: TestContext) {
  const directory = scope(t).use(await tempDir()).path;
  const bin = join(directory, "bin");
  await mkdir(bin);
  const busybox = join(await ensureDebianTree(), "usr/bin/busybox");
  for (const applet of [
    "sh",
    "wget",
    "printf",
    "find",
    "grep",
    "stat",
    "date",
    "cat",
    "sleep",
    "touch",
    "sed",
    "mv",
    "rm",
  ]) {
    await symlink(busybox, join(bin, applet));
  }
  const run = (command: readonly string[], replacing: Readonly<Record<string, string>> = {}) => {
    const words = Object.entries(replacing).reduce(
      (all, [from, to]) => all.map((word) => word.replaceAll(from, to)),
      [...command],
    );
    const [program = "", ...args] = words;
    return execa(join(bin, program), args, {
      env: { PATH: bin },
      extendEnv: false,
      reject: false,
      timeout: 20_000,
    });
  };
  return { directory, run };
}

/** Answers on loopback until the test ends. */
async function listen(t: TestContext, statusOf: (path: string) => number = () => 200): Promise<number> {
  const answer: RequestListener = ({ url = "" }, response) => response.writeHead(statusOf(url)).end("{}");
  return scope(t).use(await startServer(answer)).port;
}

/** The answers of distribution 3.1.2 just after its start: `/v2/` below its prefix without a check of its store, and the result of a look-up. */
function registry(t: TestContext, lookUp: 404 | 500): Promise<number> {
  return listen(t, (path) => (path === "/team/v2/" ? 200 : lookUp));
}

const upstream = {
  name: "team",
  registry: "registry.test",
  url: "https://registry.test",
  repositories: ["**"],
};

/** A port on which nobody listens. */
const closed = 1;

test("has an edge ready once it listens, answers, and has something to serve", async (t) => {
  const { directory, run } = await place(t);
  const open = await listen(t);
  const empty = await registry(t, 404);
  const refused = await registry(t, 500);
  const isReady = async (
    at: { edge: number; status: number; origin: number; stored: number },
    hasStore = true,
  ) => {
    const ports = { ...podPorts(15_000, 1), edgeStatus: at.status };
    const origins = [{ http: at.origin, debug: closed, stored: at.stored }];
    const { exec } = readinessProbe(
      at.edge,
      { ports: { ...ports, origins }, upstreams: [upstream] },
      hasStore,
    );
    const { exitCode } = await run(exec?.command ?? [], { [edgePaths.cache]: directory });
    return exitCode === 0;
  };
  const all = { edge: open, status: open, origin: empty, stored: empty };
  assert.ok(await isReady(all));
  assert.ok(!(await isReady({ ...all, edge: closed })), "no certificate yet");
  assert.ok(!(await isReady({ ...all, status: closed })), "nginx doesn't answer");
  assert.ok(await isReady({ ...all, origin: closed }), "the store has what the upstream had");
  assert.ok(!(await isReady({ ...all, origin: closed, stored: closed })), "a new replica without a source");
  assert.ok(!(await isReady({ ...all, origin: refused, stored: refused })), "the bucket refuses its role");
  assert.ok(await isReady({ ...all, stored: closed }, false), "an origin with a disk");
  assert.ok(!(await isReady({ ...all, origin: closed }, false)), "no origin with a disk");
  await mkdir(join(directory, "blobs/0/00"), { recursive: true });
  await writeFile(join(directory, "blobs/0/00", `${"0".repeat(32)}.0000000001`), "unfinished");
  assert.ok(!(await isReady({ ...all, origin: closed, stored: closed })), "nothing is complete");
  await writeFile(join(directory, "blobs/0/00", "0".repeat(32)), "a blob");
  assert.ok(await isReady({ ...all, origin: closed, stored: closed }), "what is stored is served");
});

test("restarts a sidecar that ends soon after its start only after ten minutes, and stays healthy meanwhile", async (t) => {
  const { directory, run } = await place(t);
  const container: Container = {
    name: "prometheus",
    command: ["sh", "-c", `echo started >>${directory}/log; exit 1`],
    livenessProbe: { exec: { command: ["sh", "-c", "exit 1"] } },
  };
  const { command = [], livenessProbe, startupProbe } = sideContainer(container);
  assert.equal(startupProbe, undefined);
  const inPlace = (words: readonly string[] = [], comm = "prometheus", pause = "pause=1") =>
    run(words, { "/dev/shm": directory, "pause=630": pause, "/proc/1/comm": join(directory, comm) });
  const starts = async () => (await readFile(join(directory, "log"), "utf8")).trim().split("\n").length;
  const startedAgo = (seconds: number) => {
    const time = Date.now() / 1000 - seconds;
    return utimes(join(directory, "prometheus.started"), time, time);
  };

  await inPlace(command);
  assert.equal(await starts(), 1);
  const began = Date.now();
  const { stderr } = await inPlace(command);
  assert.match(stderr, /prometheus has ended within 600 s of its start: it starts again in 1 s/);
  assert.ok(Date.now() - began > 900);
  assert.equal(await starts(), 2);
  for (const signal of ["SIGTERM", "SIGQUIT"] as const) {
    const waiting = inPlace(command, "prometheus", "pause=5");
    await once(waiting.stderr, "data");
    waiting.kill(signal);
    assert.equal((await waiting).exitCode, 0, signal);
    assert.equal(await starts(), 2);
  }
  await startedAgo(601);
  assert.equal((await inPlace(command)).stderr, "");
  assert.equal(await starts(), 3);

  for (const comm of ["sh", "prometheus"]) await writeFile(join(directory, comm), `${comm}\n`);
  const probe = livenessProbe?.exec?.command;
  assert.equal((await inPlace(probe, "prometheus")).exitCode, 0, "it has just started");
  await startedAgo(130);
  assert.equal((await inPlace(probe, "sh")).exitCode, 0, "it waits");
  assert.equal((await inPlace(probe, "prometheus")).exitCode, 1, "it isn't well");
});

test("listens without IPv6 on a kernel that lacks it, and still follows its file", async (t) => {
  const { directory, run } = await place(t);
  const { configMaps, workload } = renderWorkload(kubernetesPlan("sharing"));
  const [edge] = workload.spec.template.spec?.containers ?? [];
  const configuration = configMaps.edge?.data?.["nginx.conf"] ?? "";
  await writeFile(join(directory, "if_inet6"), "");
  const pretended = [
    `echo "# new" >>"\${0%/*}/nginx.conf"; until grep -q "# new" "$1"; do sleep 0.1; done; cat "$1"`,
    // Processes next to it live until the container ends.
    `for it in $(grep -ls "^PPid:.$$$" /proc/[0-9]*/status); do it=\${it%/status}; kill "\${it#/proc/}"; done`,
  ].join("\n");
  await writeFile(join(directory, "edge.sh"), pretended);
  const given = async (interfaces: string) => {
    await writeFile(join(directory, "nginx.conf"), configuration);
    const replacing = {
      "/proc/net": interfaces,
      "/etc/registry-cache/edge": directory,
      "/dev/shm": directory,
    };
    return (await run(edge?.command ?? [], replacing)).stdout.split("\n");
  };
  const isIPv6 = (line: string) => line.includes("listen [::]:");
  const expected = [...configuration.trimEnd().split("\n"), "# new"];
  assert.ok(expected.filter(isIPv6).length >= 3);
  assert.deepEqual(
    await given("/nowhere"),
    expected.filter((line) => !isIPv6(line)),
  );
  assert.deepEqual(await given(directory), expected);
});
