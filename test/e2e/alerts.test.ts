/**
 * What the alerts are about is done to a running Pod, and the alert reaches a real Alertmanager. Time in the rules is shortened, all else is as it is
 * delivered. Not provoked: what only a central Prometheus sees (`goneHours`), and a full disk of the machine itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile, readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { alertNames } from "../../components/config/alerts.ts";
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
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { startMachine, type TestMachine } from "../support/machine.ts";
import { repeat } from "../support/repeat.ts";
import { scope } from "../support/scope.ts";
import { smallDisk } from "../support/small-disk.ts";
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
});

type AlertName = (typeof alertNames)[number];

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
    }
    using _slow = upstream.proxy.inject({ kind: "throttle", bytesPerSecond: 20_000 }, "/blobs/");
    await using _cold = repeat(250, async () => {
      const next = cold.pop();
      if (next) await get(next, { ca: cache.ca });
    });
    await arrives("RegistryCacheSlow", { ...notify, upstream: "gsoci" });
    await arrives("RegistryCacheHitRatioCollapsed", { ...notify, upstream: "gsoci" });
  });

  test("a machine can't take up its Pod", async () => {
    const { state } = machine;
    machine.state = { ...state, wanted: "ba9876543210", failure: "image" };
    const { annotations } = await arrives("RegistryCachePodOutdated", { ...notify, topic: "change" });
    assert.match(annotations.description ?? "", / changes \(image\)\./);
    machine.state = state;
    await ends("RegistryCachePodOutdated");
  });

  test("the certificate comes near its end", async () => {
    await shortenCertificate(cache, 9);
    await arrives("RegistryCacheCertificateExpiring", { ...inWorkingHours, topic: "certificate" });
    await shortenCertificate(cache, 90);
    await ends("RegistryCacheCertificateExpiring");
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
  });

  // Prometheus begins before it knows its Alertmanagers, and says again only a minute later what it has said.
  test("the one that always fires does", async () => {
    await arrives("Watchdog", { severity: "none", provider: "local", topology: "vm" });
  });

  test("something that is to be prefetched isn't there", async () => {
    await arrives("RegistryCachePrefetchIncomplete", { ...notify, topic: "efficiency" });
  });
});

test("requests fail though the upstream answers", async () => {
  using _fault = upstream.proxy.inject({ kind: "status", status: 500 }, "/blobs/");
  await using _pulls = repeat(250, () =>
    get(blob("any", `sha256:${randomBytes(32).toString("hex")}`), { ca: cache.ca }),
  );
  await Promise.all([
    arrives("RegistryCacheErrors", { ...notify, upstream: "gsoci" }),
    arrives("RegistryCacheOriginErrors", { ...notify, upstream: "gsoci" }),
  ]);
});

describe("when containers end", { concurrency: true }, () => {
  test("nginx, again and again", async () => {
    await using _kills = repeat(7000, async () => {
      process.kill(await mainPid(cache.container("edge")), "SIGKILL");
    });
    await arrives("RegistryCacheRestartLoop", { ...inWorkingHours, job: "registry-cache-janitor" });
  });

  test("the log exporter, for good", async () => {
    await using _stopped = await stopped("exporter");
    await arrives("RegistryCacheTargetMissing", { ...notify, job: "registry-cache-edge" });
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
  await use(configuration);
  await ends("RegistryCacheProbeFailing");
});

test("the upstream is gone, then the cache, too", async () => {
  await upstream.proxy.stopListening();
  await arrives("RegistryCacheUpstreamUnreachable", { ...notify, upstream: "gsoci" });
  await arrives("RegistryCacheTagsOutdated", { ...inWorkingHours, upstream: "gsoci" });
  {
    await using _stopped = await stopped("edge");
    await arrives("RegistryCacheDown", inWorkingHours);
    const { labels } = await arrives("RegistryCacheNoSource", { severity: "page", upstream: "gsoci" });
    assert.equal(labels.cancel_if_outside_working_hours, undefined);
    assert.equal(await find("RegistryCacheProbeFailing"), undefined);
    assert.equal(await find("RegistryCacheTargetMissing"), undefined);
  }
  await upstream.proxy.listen();
  await Promise.all([
    ends("RegistryCacheDown"),
    ends("RegistryCacheNoSource"),
    ends("RegistryCacheUpstreamUnreachable"),
  ]);
});

test("something else fills the cache's disk", async () => {
  // Of a reserve of 64 MiB. With nothing left, Prometheus couldn't write any more.
  const leftBytes = 20 * 1024 * 1024;
  const fill = async () => {
    const { bavail, bsize } = await statfs(disk);
    await appendFile(join(disk, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
  };
  await fill();
  // The cache makes room within seconds. That is taken, too.
  await sleep(5000);
  await fill();
  await Promise.all([
    arrives("RegistryCacheDiskFilling", { ...notify, topic: "storage" }),
    arrives("RegistryCacheDiskFull", { ...inWorkingHours, topic: "storage" }),
    arrives("RegistryCacheBudgetShrinking", { severity: "ticket", zone: "blobs" }),
  ]);
});
