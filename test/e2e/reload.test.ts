/** Files that change while the Pod runs, as kubelet changes them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Agent } from "node:https";
import type { AddressInfo } from "node:net";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localAddress } from "../../components/hosts/local/plan.ts";
import { remoteWriteSecret } from "../../components/pod/prometheus.ts";
import { remoteWrite } from "../../components/pod/secrets.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { type FollowedPod, startFollowedPod } from "../support/followed-pod.ts";
import { download, get } from "../support/http.ts";
import { defaultMonitoring } from "../support/monitoring.ts";
import { scope } from "../support/scope.ts";
import { openTransfer, pushLayer } from "../support/transfer.ts";
import { waitUntil } from "../support/wait.ts";

/** The containers check their files every 2 s. */
const takenUpMs = 10_000;

const upstream = { name: "gsoci", registry: registryName, repositories: ["giantswarm/**"] };
/** Accepts all requests. Without an answer, Prometheus would wait for the receiver before it reloads. */
async function receiver(parts: AsyncDisposableStack): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  await once(server.listen(0, localAddress), "listening");
  parts.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${localAddress}:${(server.address() as AddressInfo).port}`;
}

const parts = scope(test);
let fronted: FrontedUpstream;
let pod: FollowedPod;
before(async () => {
  fronted = await frontedUpstream(parts);
  pod = parts.use(
    await startFollowedPod({
      upstreams: [{ ...upstream, url: fronted.proxy.url.origin }],
      monitoring: {
        ...defaultMonitoring,
        remoteWrite: { url: await receiver(parts), credentials: "metrics-login" },
      },
      secrets: { [remoteWrite]: remoteWriteSecret({ token: "first" }) },
    }),
  );
});

type Layer = Awaited<ReturnType<typeof pushLayer>>;

interface Client extends AsyncDisposable {
  pulls: number;
  readonly failures: string[];
}

/**
 * Pulls one layer after the other, and verifies each.
 * @param keepsConnection as container engines do. If the server closes a kept connection just before its next use, they retry, too:
 * https://pkg.go.dev/net/http#Transport
 */
function startClient(next: () => Layer, keepsConnection: boolean): Client {
  let isOver = false;
  const agent = new Agent({ keepAlive: keepsConnection, maxSockets: 1 });
  const pull = async ({ url, digest }: Layer) => {
    const ask = () => download(url, { ca: pod.ca, agent });
    const isClosed = ({ code }: NodeJS.ErrnoException) => keepsConnection && code === "ECONNRESET";
    const answer = await ask().catch((error) => (isClosed(error) ? ask() : Promise.reject(error)));
    if (answer.digest !== digest) throw new Error(`${url.pathname}: ${answer.status}, ${answer.bytes} bytes`);
  };
  const client: Client = {
    pulls: 0,
    failures: [],
    async [Symbol.asyncDispose]() {
      isOver = true;
      await ended;
      agent.destroy();
    },
  };
  const ended = (async () => {
    while (!isOver) {
      await pull(next()).then(
        () => client.pulls++,
        (error: Error) => client.failures.push(String(error)),
      );
      await sleep(250);
    }
  })();
  return client;
}

/** nginx's configuration with other allowed repositories. */
function allowing(...repositories: string[]): string {
  const url = fronted.proxy.url.origin;
  return pod.rendered({ upstreams: [{ ...upstream, url, repositories }] }).edge?.["nginx.conf"] ?? "";
}

function revisionOf(nginxConf: string): string {
  return nginxConf.match(/location = \/revision \{[^}]* 200 ([0-9a-f]{12});/)?.[1] ?? "";
}

/** Runs the command that docs/kubernetes.md gives to check this, in the edge's shell. */
async function isTakenUp(): Promise<boolean> {
  const documented = await readFile(new URL("../../docs/kubernetes.md", import.meta.url), "utf8");
  const [, command = ""] = documented.match(/^kubectl .* -c edge -- sh -c '(.*)'$/m) ?? [];
  assert.match(command, /:15000\/revision/);
  const here = command.replace(":15000/", `:${pod.ports.edgeStatus}/`);
  return (await pod.exec("edge", "sh", "-c", `${here} || true`)) === "1";
}

describe("the edge", () => {
  test("loads another configuration, reports it, and fails no request", async () => {
    const { registry } = fronted;
    const pushed = (name: string, layerMB: number) => pushLayer(registry.url, pod.url, { name, layerMB });
    const clientCount = 16;
    const changeCount = 6;
    const later: Layer[] = [];
    for (let index = 0; index < clientCount * changeCount; index++)
      later.push(await pushed(`cold-${index}`, 1));
    const cached = await pushed("cached", 0.1);
    const long = await pushed("long", 40);
    assert.equal((await download(cached.url, { ca: pod.ca })).digest, cached.digest);
    const transfer = await openTransfer(long.url, { ca: pod.ca });
    await using clients = new AsyncDisposableStack();
    const cold: Layer[] = [];
    const load = Array.from({ length: clientCount }, (_, index) =>
      clients.use(startClient(() => cold.pop() ?? cached, index % 2 === 0)),
    );
    // A cold layer takes longer than a change.
    using _slow = fronted.proxy.inject({ kind: "throttle", bytesPerSecond: 300_000 }, "/giantswarm/cold-");
    let inTransfer = 0;
    for (let change = 1; change <= changeCount; change++) {
      const coldMB = () => fronted.proxy.bytes("/giantswarm/cold-") / 1e6;
      cold.push(...later.splice(0, clientCount));
      const nginxConf = allowing("giantswarm/**", `team-${change}/**`);
      const isTaken = async () => (await pod.revision()) === revisionOf(nginxConf);
      await pod.write("edge", { "nginx.conf": nginxConf });
      await waitUntil("it is taken up", isTaken, takenUpMs);
      if (coldMB() < change * clientCount) inTransfer++;
      await waitUntil("the documented command says so", isTakenUp, takenUpMs);
      await waitUntil("all cold layers came", () => coldMB() >= change * clientCount);
    }
    assert.ok(inTransfer > 0, "no cold layer was in transfer during a change");
    await clients.disposeAsync();
    assert.deepEqual(
      load.flatMap(({ failures }) => failures),
      [],
    );
    const pulls = load.reduce((sum, it) => sum + it.pulls, 0);
    assert.ok(pulls > clientCount * changeCount, `${pulls} pulls: clients pulled no cached layer`);
    assert.equal(await transfer.finish(), long.digest);
  });

  test("refuses what a new allow-list lacks", async () => {
    const { url } = await pushLayer(fronted.registry.url, pod.url, { name: "other", layerMB: 1 });
    const ask = async () => (await get(url, { ca: pod.ca })).status;
    await pod.write("edge", { "nginx.conf": allowing("team/**") });
    await waitUntil("it is refused", async () => (await ask()) === 404, takenUpMs);
    await pod.write("edge", { "nginx.conf": allowing("giantswarm/**") });
    await waitUntil("it is served", async () => (await ask()) === 200, takenUpMs);
  });

  test("keeps its configuration when nginx refuses a new one, and logs that once", async () => {
    const revision = await pod.revision();
    const good = pod.file("edge", "nginx.conf");
    const refusals = async () =>
      (await pod.logs("edge")).split('nginx: [emerg] unknown directive "wrong"').length - 1;
    const bad = `${good}wrong;\n`;
    await pod.write("edge", { "nginx.conf": bad });
    await waitUntil("it is refused", async () => (await refusals()) > 0, takenUpMs);
    await sleep(5000);
    assert.equal(await refusals(), 1);
    assert.equal(await pod.revision(), revision);
    const next = allowing("giantswarm/**", "next/**");
    await pod.write("edge", { "nginx.conf": next });
    await waitUntil(
      "the next is taken up",
      async () => (await pod.revision()) === revisionOf(next),
      takenUpMs,
    );
  });
});

test("a program can check in advance whether it would accept its files", async () => {
  for (const [container, name] of [
    ["edge", "nginx.conf"],
    ["prometheus", "prometheus.yml"],
    ["prometheus", "rules.yml"],
  ] as const) {
    await pod.check(container, {});
    const text = `${pod.file(container, name)}\nwrong: [;\n`;
    await assert.rejects(pod.check(container, { [name]: text }), /wrong|did not find|unexpected/, name);
  }
});

describe("Prometheus", () => {
  const url = () => `http://${localAddress}:${pod.ports.prometheus}`;
  const told = async (path: string) => await (await fetch(`${url()}${path}`)).text();

  test("loads other configuration, rules and credentials, without a new process", async () => {
    const started = await pod.exec("prometheus", "stat", "-c", "%Y", "/proc/1");
    assert.equal(await pod.exec("prometheus", "cat", "/proc/1/comm"), "prometheus");
    const { prometheus = {} } = pod.rendered({ provider: "aws" });
    await pod.write("prometheus", prometheus);
    await waitUntil(
      "other labels",
      async () => (await told("/api/v1/status/config")).includes("provider: aws"),
      takenUpMs,
    );
    const rules = (pod.file("prometheus", "rules.yml") ?? "").replace(/alert: \w+/, "alert: AnotherName");
    await pod.write("prometheus", { "rules.yml": rules });
    await waitUntil(
      "other rules",
      async () => (await told("/api/v1/rules")).includes("AnotherName"),
      takenUpMs,
    );
    const composed = () => pod.exec("prometheus", "cat", "/dev/shm/prometheus.yml");
    assert.match(await composed(), /\n {4}authorization: \{"credentials":"first"\}\n?$/);
    await pod.writeSecret(remoteWrite, remoteWriteSecret({ token: "second" }));
    await waitUntil("other credentials", async () => (await composed()).includes("second"), takenUpMs);
    assert.equal(await pod.exec("prometheus", "stat", "-c", "%a", "/dev/shm/prometheus.yml"), "600");
    assert.equal(await pod.exec("prometheus", "stat", "-c", "%Y", "/proc/1"), started);
    assert.match(await told("/metrics"), /^prometheus_config_last_reload_successful 1$/m);
  });

  test("keeps its configuration when it refuses a new one", async () => {
    const good = pod.file("prometheus", "prometheus.yml");
    await pod.write("prometheus", { "prometheus.yml": good.replace("global:", "wrong:") });
    await waitUntil(
      "it is refused",
      async () => /^prometheus_config_last_reload_successful 0$/m.test(await told("/metrics")),
      takenUpMs,
    );
    assert.match(await told("/api/v1/status/config"), /provider: aws/);
    await pod.write("prometheus", { "prometheus.yml": good });
    await waitUntil(
      "the next is taken up",
      async () => /^prometheus_config_last_reload_successful 1$/m.test(await told("/metrics")),
      takenUpMs,
    );
  });
});
