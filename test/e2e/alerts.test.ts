/**
 * What the alerts are about is done to a running Pod, and the alert reaches a real Alertmanager. Somebody who is on call then follows its runbook, from the Markdown itself: looks
 * while the fault is there, does what helps, and verifies that the alert is over. Time in the rules is shortened, all else is as it is delivered. Not provoked: what only a central Prometheus sees (`goneHours`), and a full disk of the machine itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type AlertName, alertNames } from "../../components/config/alerts.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { push } from "../../scripts/seed/push.ts";
import { startAuthority } from "../support/acme.ts";
import { acmeRegion, hostname, startAcmeCache } from "../support/acme-cache.ts";
import { type FiringAlert, startAlertmanager, type TestAlertmanager } from "../support/alertmanager.ts";
import { startCache, type TestCache } from "../support/cache.ts";
import { filesDirectory, mainPid } from "../support/cache-containers.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { shortenCertificate } from "../support/clients/broken-cache.ts";
import { blackHole } from "../support/clients/way-to-cache.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { startMachine, type TestMachine } from "../support/machine.ts";
import { localSession } from "../support/on-call-session.ts";
import { repeat } from "../support/repeat.ts";
import { RunbookRuns, type RunOptions, type Shell } from "../support/runbook-runs.ts";
import { scope } from "../support/scope.ts";
import { leaveFree, smallDisk } from "../support/small-disk.ts";
import { servedCertificate } from "../support/tls.ts";
import { waitUntil } from "../support/wait.ts";

const secondsPerMinute = 1;

/** Where hours or many requests would be needed, even with short minutes. */
const thresholds = {
  outdatedHours: 0.25,
  collapsedMinutes: 5,
  abuseRequestsPerSecond: 3,
  shrunkHours: 0.1,
  renewalHours: 0.1,
  prefetchHours: 0.1,
};

/** Far above what it takes, for a machine that is busy with other things. */
const patienceMs = 120_000;

const parts = scope(test);
let alertmanager: TestAlertmanager;
let upstream: FrontedUpstream;
let cache: TestCache;
let machine: TestMachine;
let disk: string;
/** Of {@link cache}. */
let region: string;
let shell: Shell;

const runs = new RunbookRuns(import.meta.filename);

const monitoring = () => ({
  labels: { installation: "test", pipeline: "stable" },
  alerts: {
    labels: { area: "platform", team: "caches" },
    runbookUrl: "https://runbooks.example.com/{alert}",
    thresholds,
  },
  alertmanagers: [alertmanager.url.href],
});

const upstreams = () => [
  {
    name: "gsoci",
    registry: registryName,
    url: upstream.proxy.url.origin,
    repositories: ["giantswarm/**"],
  },
];

before(async () => {
  alertmanager = parts.use(await startAlertmanager());
  upstream = await frontedUpstream(parts);
  disk = parts.use(await smallDisk(700)).path;
  cache = parts.use(
    await startCache({
      upstreams: upstreams(),
      region: { dataDir: join(disk, "data"), storage: { kind: "disk", size: "1GiB" } },
      monitoring: monitoring(),
      prefetch: { images: [`${registryName}/giantswarm/nowhere:1`] },
      secondsPerMinute,
    }),
  );
  const pod = "0123456789ab";
  machine = parts.use(await startMachine(cache, { wanted: pod, applied: pod, appliedSeconds: 0 }));
  region = cache.layout.podName.replace("registry-cache-", "");
  const small = await randomImage({ repository: "giantswarm/small", tag: "1", layers: 2, layerMB: 0.03 });
  await push(upstream.registry.url, small);
  const { directory, ports } = cache.layout;
  const image = `${registryName}/giantswarm/small:1`;
  const here = { region, url: cache.url, internalPort: ports.edgeStatus, directory, image };
  // The authority is a private one, and curl is to know it.
  ({ shell } = parts.use(await localSession(here, { CURL_CA_BUNDLE: cache.caFile })));
});

after(() => runs.assertComplete(alertNames));

/** Somebody who is on call, in a session beside the cache. @returns what is printed */
const follow = (
  name: AlertName,
  section: "See" | "Do" | "Verify",
  options: RunOptions & { matching?: RegExp } = {},
) => {
  const values = { PORT: cache.url.port, DATA: cache.layout.directory, UPSTREAM: upstream.proxy.url.origin };
  return runs.run(name, section, "local", shell, { ...options, values });
};

const see = (name: AlertName, options?: RunOptions) => follow(name, "See", options);

const remedy = (name: AlertName, matching = /^/) => follow(name, "Do", { matching });

/** When the alert has ended. */
async function verified(name: AlertName): Promise<string> {
  await ends(name);
  return await verifiedHere(name);
}

/** The same for one that has ended since Prometheus started: it tells no Alertmanager, which forgets the alert after four minutes. */
async function verifiedHere(name: AlertName): Promise<string> {
  const mine = `alertname="${name}"`;
  await waitUntil(
    `${name} ends here`,
    async () => !(await shell("registry-cache firing")).output.includes(mine),
    patienceMs,
  );
  const printed = await follow(name, "Verify");
  assert.ok(!printed.includes(mine), printed);
  return printed;
}

async function find(name: AlertName, of = region): Promise<FiringAlert | undefined> {
  return (await alertmanager.firing()).find(
    ({ labels }) => labels.alertname === name && labels.region === of,
  );
}

/** Waits for the alert. It has what it's routed by, and what whoever gets it needs. */
async function arrives(name: AlertName, expected: Record<string, string>, of = region): Promise<FiringAlert> {
  const alert = await waitUntil(`${name} arrives`, () => find(name, of), patienceMs);
  const common = { installation: "test", pipeline: "stable", area: "platform", team: "caches" };
  for (const [label, value] of Object.entries({ ...common, ...expected })) {
    assert.equal(alert.labels[label], value, `${label} of ${name}`);
  }
  assert.equal(alert.annotations.runbook_url, `https://runbooks.example.com/${name}`);
  assert.notEqual(alert.annotations.description, "");
  return alert;
}

async function ends(name: AlertName): Promise<void> {
  await waitUntil(`${name} ends`, async () => (await find(name)) === undefined, patienceMs);
}

/** Stops a container until disposed of. */
async function stopped(container: string): Promise<AsyncDisposable> {
  await podman(["stop", "--time", "2", cache.container(container)]);
  return {
    async [Symbol.asyncDispose]() {
      await podman(["start", cache.container(container)]);
    },
  };
}

function blob(repository: string, digest: string): URL {
  return new URL(`/v2/giantswarm/${repository}/blobs/${digest}?ns=${registryName}`, cache.url);
}

async function layers(name: string, count: number): Promise<URL[]> {
  const image = await randomImage({
    repository: `giantswarm/${name}`,
    tag: "1",
    layers: count,
    layerMB: 0.03,
  });
  await push(upstream.registry.url, image);
  return image.blobs
    .filter(({ mediaType }) => mediaType.includes("layer"))
    .map(({ digest }) => blob(name, digest));
}

const notify = { severity: "notify" };
const inWorkingHours = { severity: "page", cancel_if_outside_working_hours: "true" };

test("a cache that is well raises none, but for what it can't prefetch", async () => {
  const [hot] = await layers("well", 1);
  assert.ok(hot);
  for (let second = 0; second < 15; second++) {
    await get(hot, { ca: cache.ca });
    await sleep(1000);
  }
  const expected = ["Watchdog", "RegistryCachePrefetchIncomplete"];
  const firing = (await alertmanager.firing()).map(({ labels }) => labels.alertname ?? "");
  assert.deepEqual(
    firing.filter((name) => !expected.includes(name)),
    [],
  );
});

describe("while clients pull", { concurrency: true }, () => {
  test("one asks more than all others, then nothing is in the cache any more, and the upstream is slow", async () => {
    const [hot] = await layers("hot", 1);
    const cold = await layers("cold", 250);
    assert.ok(hot);
    await get(hot, { ca: cache.ca });
    await using _others = repeat(500, (turn) => {
      const localAddress = `127.0.1.${(turn % 24) + 1}`;
      return get(new URL("/v2/", cache.url), { ca: cache.ca, localAddress });
    });
    {
      await using _greedy = repeat(150, () => get(hot, { ca: cache.ca }));
      await arrives("RegistryCacheAbuse", { ...notify, topic: "efficiency" });
      // Bytes, requests and address: the greedy one comes first.
      assert.match(await see("RegistryCacheAbuse"), /^\d+ \d+ 127\.0\.0\.1$/m);
    }
    using _slow = upstream.proxy.inject({ kind: "throttle", bytesPerSecond: 20_000 }, "/blobs/");
    await using _cold = repeat(250, async () => {
      const next = cold.pop();
      if (next) await get(next, { ca: cache.ca });
    });
    await arrives("RegistryCacheSlow", { ...notify, upstream: "gsoci" });
    assert.match(await see("RegistryCacheSlow"), /cache="MISS"/);
    await arrives("RegistryCacheHitRatioCollapsed", { ...notify, upstream: "gsoci" });
    assert.match(await see("RegistryCacheHitRatioCollapsed"), /"uri":"\/v2\/giantswarm\/cold\/blobs/);
    await remedy("RegistryCacheHitRatioCollapsed");
  });

  test("a machine can't take up its Pod", async () => {
    const { state } = machine;
    machine.state = { ...state, wanted: "ba9876543210", failure: "image" };
    const { annotations } = await arrives("RegistryCachePodOutdated", { ...notify, topic: "change" });
    assert.match(annotations.description ?? "", / changes \(image\)\./);
    await see("RegistryCachePodOutdated");
    machine.state = state;
    await verified("RegistryCachePodOutdated");
  });

  test("the certificate comes near its end", async () => {
    await shortenCertificate(cache, 9);
    await arrives("RegistryCacheCertificateExpiring", { ...inWorkingHours, topic: "certificate" });
    assert.match(await see("RegistryCacheCertificateExpiring"), /=> [89]\.\d/);
    await shortenCertificate(cache, 90);
    assert.match(await verified("RegistryCacheCertificateExpiring"), /=> (?:89|90)[. ]/);
  });

  test("another cache can't renew its certificate", async () => {
    await using authority = await startAuthority({ badNonces: 0 });
    const config = parseConfig({
      provider: "local",
      regions: [{ name: "other" }],
      upstreams: upstreams(),
      monitoring: monitoring(),
    });
    await using other = await startAcmeCache(authority, {
      upstreams: config.upstreams,
      monitoring: config.monitoring,
      checkSeconds: 2,
      retrySeconds: 1,
      secondsPerMinute,
    });
    const served = () => servedCertificate(other.url, { ca: authority.root, hostname });
    const certificate = await waitUntil("it has a certificate", served, patienceMs);
    authority.dns.failing = true;
    await authority.suggestRenewal(certificate.toString());
    await arrives("RegistryCacheRenewalFailing", { ...notify, topic: "certificate" }, acmeRegion);
    const { url, internalPort, directory } = other;
    await using beside = await localSession({
      ...{ region: acmeRegion, url, hostname, internalPort, directory },
      image: `${registryName}/giantswarm/small:1`,
    });
    const followThere = (section: "See" | "Do" | "Verify") =>
      runs.run("RegistryCacheRenewalFailing", section, "local", beside.shell);
    assert.match(await followThere("See"), /registry_cache_acme_failures\{.*=> [1-9]/);
    authority.dns.failing = false;
    await followThere("Do");
    await waitUntil("the alert is over", async () => {
      return !(await followThere("Verify")).includes('alertname="RegistryCacheRenewalFailing"');
    });
  });

  // Prometheus begins before it knows its Alertmanagers, and says again only a minute later what it has said.
  test("the one that always fires does", async () => {
    await arrives("Watchdog", { severity: "none", provider: "local", topology: "vm" });
  });

  test("something that is to be prefetched isn't there", async () => {
    await arrives("RegistryCachePrefetchIncomplete", { ...notify, topic: "efficiency" });
    assert.match(await see("RegistryCachePrefetchIncomplete"), /=> 1 @/);
    await layers("nowhere", 1);
    await remedy("RegistryCachePrefetchIncomplete");
    await verified("RegistryCachePrefetchIncomplete");
  });
});

test("requests fail though the upstream answers", async () => {
  {
    using _fault = upstream.proxy.inject({ kind: "status", status: 500 }, "/blobs/");
    await using _pulls = repeat(250, () =>
      get(blob("any", `sha256:${randomBytes(32).toString("hex")}`), { ca: cache.ca }),
    );
    await Promise.all([
      arrives("RegistryCacheErrors", { ...notify, upstream: "gsoci" }),
      arrives("RegistryCacheOriginErrors", { ...notify, upstream: "gsoci" }),
    ]);
    assert.match(await see("RegistryCacheErrors"), /"status":"5/);
    assert.match(await see("RegistryCacheOriginErrors"), /code="5/);
  }
  await remedy("RegistryCacheErrors");
  await remedy("RegistryCacheOriginErrors");
  await verified("RegistryCacheErrors");
  await verified("RegistryCacheOriginErrors");
});

describe("when containers end", { concurrency: true }, () => {
  test("nginx, again and again", async () => {
    await using _kills = repeat(7000, async () => {
      process.kill(await mainPid(cache.container("edge")), "SIGKILL");
    });
    await arrives("RegistryCacheRestartLoop", { ...inWorkingHours, job: "registry-cache-nginx" });
    assert.match(await see("RegistryCacheRestartLoop"), /^edge: .* [1-9]\d* restarts/m);
  });

  test("the log exporter, for good", async () => {
    await using _stopped = await stopped("exporter");
    await arrives("RegistryCacheTargetMissing", { ...notify, job: "registry-cache-edge" });
    assert.match(await see("RegistryCacheTargetMissing"), /^exporter: exited /m);
    await remedy("RegistryCacheTargetMissing");
    await verified("RegistryCacheTargetMissing");
  });
});

test("the endpoint answers something else", async () => {
  const file = join(await filesDirectory(cache.container("edge"), "edge"), "nginx.conf");
  const configuration = await readFile(file, "utf8");
  // The edge takes it up by itself.
  const use = (text: string) => writeFile(file, text);
  const other = configuration.replace(/return 200 ("?\{\})/, "return 418 $1");
  assert.notEqual(other, configuration);
  await use(other);
  await arrives("RegistryCacheProbeFailing", inWorkingHours);
  assert.equal(await find("RegistryCacheDown"), undefined);
  assert.match(await see("RegistryCacheProbeFailing"), /^418$/m);
  await remedy("RegistryCacheProbeFailing", /blackbox/);
  await use(configuration);
  await remedy("RegistryCacheProbeFailing", /edge/);
  await verified("RegistryCacheProbeFailing");
  // As it helps where nginx doesn't take up another certificate.
  await remedy("RegistryCacheCertificateExpiring");
});

test("the upstream is gone, then the cache, too", async () => {
  assert.match(await asksEndpoint(cache.url), /^\d{3}$/m);
  await upstream.proxy.stopListening();
  await arrives("RegistryCacheUpstreamUnreachable", { ...notify, upstream: "gsoci" });
  const seen = await see("RegistryCacheUpstreamUnreachable", { mayFail: /^registry-cache probe/ });
  assert.match(seen, /probe_success 0/);
  await asksUpstream("RegistryCacheUpstreamUnreachable");
  await arrives("RegistryCacheTagsOutdated", { ...inWorkingHours, upstream: "gsoci" });
  assert.match(await see("RegistryCacheTagsOutdated"), /\{.*upstream="gsoci".*\} => 0/);
  await podman(["stop", "--time", "2", cache.container("edge")]);
  await arrives("RegistryCacheDown", inWorkingHours);
  const { labels } = await arrives("RegistryCacheNoSource", { severity: "page", upstream: "gsoci" });
  assert.equal(labels.cancel_if_outside_working_hours, undefined);
  assert.equal(await find("RegistryCacheProbeFailing"), undefined);
  assert.equal(await find("RegistryCacheTargetMissing"), undefined);
  assert.match(await asksEndpoint(cache.url), /refused|Couldn't connect|Failed to connect/);
  const down = await see("RegistryCacheDown", { mayFail: /registry-cache status/ });
  assert.match(down, /NOT SERVING/);
  assert.match(await see("RegistryCacheNoSource"), /^edge: exited /m);
  await asksUpstream("RegistryCacheNoSource");
  // It restarts Prometheus, too.
  await remedy("RegistryCacheNoSource");
  await verifiedHere("RegistryCacheNoSource");
  await upstream.proxy.listen();
  await verifiedHere("RegistryCacheDown");
  await asksBehindDns();
  await verifiedHere("RegistryCacheUpstreamUnreachable");
  await verifiedHere("RegistryCacheTagsOutdated");
});

/** What a node is to ask first. */
function asksEndpoint({ origin: ENDPOINT }: URL): Promise<string> {
  return runs.run("RegistryCacheDown", "See", "client", shell, { values: { ENDPOINT }, mayFail: /^curl/ });
}

/** The address, whatever the name leads to. */
async function asksBehindDns(): Promise<void> {
  const values = { ENDPOINT: cache.url.origin, ADDRESS: "127.0.0.1" };
  assert.match(await runs.run("RegistryCacheDown", "Verify", "client", shell, { values }), /^\{\}$/m);
}

async function asksUpstream(name: "RegistryCacheNoSource" | "RegistryCacheUpstreamUnreachable") {
  const values = { UPSTREAM: upstream.proxy.url.origin };
  const printed = await runs.run(name, "See", "anywhere", shell, { values, mayFail: /^curl/ });
  assert.match(printed, /^000$/m);
}

test("a node sees that packets are dropped, and a probe that they make clients wait", async () => {
  await using hole = await blackHole();
  const dead = new URL(`https://localhost:${hole.port}`);
  assert.match(await asksEndpoint(dead), /timed out/);
  const asks = (section: "See" | "Verify", { origin: ENDPOINT }: URL) =>
    runs.run("RegistryCacheUnreachable", section, "client", shell, {
      values: { ENDPOINT },
      mayFail: /^curl/,
    });
  assert.match(await asks("See", dead), /timed out/);
  assert.match(await asks("Verify", cache.url), /^200$/m);
  await see("RegistryCacheUnreachable");
  assert.match(await follow("RegistryCacheUnreachable", "Verify"), /^verdict +serving/m);
  // What RegistryCacheUnreachable tells one from the other by.
  const [silent, refused] = [await probed(dead), await probed(new URL("https://localhost:1"))];
  assert.ok(silent.success === 0 && silent.seconds > 4, `${silent.seconds} s`);
  assert.ok(refused.success === 0 && refused.seconds < 1, `${refused.seconds} s`);
});

/** By a blackbox_exporter, as one elsewhere does. */
async function probed({ origin }: URL): Promise<{ success: number; seconds: number }> {
  const url = new URL(`http://127.0.0.1:${cache.layout.ports.blackbox}/probe?module=endpoint`);
  url.searchParams.set("target", `${origin}/v2/`);
  const text = await (await fetch(url)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  return { success: value("probe_success"), seconds: value("probe_duration_seconds") };
}

test("something else fills the cache's disk", async () => {
  // Of a reserve of 64 MiB. With nothing left, Prometheus couldn't write any more.
  const leftBytes = 20 * 1024 * 1024;
  const fill = () => leaveFree(disk, leftBytes);
  await fill();
  // The cache makes room within seconds. That is taken, too.
  await sleep(5000);
  await fill();
  await Promise.all([
    arrives("RegistryCacheDiskFilling", { ...notify, topic: "storage" }),
    arrives("RegistryCacheDiskFull", { ...inWorkingHours, topic: "storage" }),
    arrives("RegistryCacheBudgetShrinking", { severity: "ticket", zone: "blobs" }),
  ]);
  const full = ["RegistryCacheDiskFull", "RegistryCacheDiskFilling", "RegistryCacheBudgetShrinking"] as const;
  for (const name of full) await see(name);
  await rm(join(disk, "ballast"));
  await remedy("RegistryCacheDiskFull");
  for (const name of full) await verified(name);
});

test("what lasts for an hour is over, too", async () => {
  const names = ["Abuse", "Slow", "HitRatioCollapsed", "RestartLoop"] as const;
  for (const name of names) await verified(`RegistryCache${name}`);
});

test("the whole cache is restarted, and Prometheus, and the one that always fires does", async () => {
  await remedy("RegistryCacheDown");
  await see("Watchdog");
  await remedy("Watchdog");
  await waitUntil("Watchdog fires", async () => {
    return (await follow("Watchdog", "Verify", { mayFail: /^registry-cache/ })).includes(
      'alertname="Watchdog"',
    );
  });
});
