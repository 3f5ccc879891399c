/**
 * Causes the fault behind each alert in a running Pod, until the alert reaches a real Alertmanager. Then the test follows the alert's runbook like
 * somebody on call, with the commands from its Markdown: it inspects the fault, applies the remedy, and verifies that the alert has ended. Minutes in
 * the rules are shorter than in production; everything else is as shipped. Most of the time is waiting, so several caches run in parallel. Two cases
 * are missing: alerts of a central Prometheus (`goneHours`), and a full disk of the machine itself.
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
import { registryPrefix } from "../../components/pod/registry.ts";
import { push } from "../../scripts/seed/push.ts";
import { startAuthority } from "../support/acme.ts";
import { acmeRegion, hostname, startAcmeCache } from "../support/acme-cache.ts";
import { type FiringAlert, startAlertmanager, type TestAlertmanager } from "../support/alertmanager.ts";
import { type CacheOptions, startCache, type TestCache } from "../support/cache.ts";
import { filesDirectory, mainPid } from "../support/cache-containers.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { shortenCertificate } from "../support/clients/broken-cache.ts";
import { blackHole } from "../support/clients/way-to-cache.ts";
import { type Answer, get, unread } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { startMachine, type TestMachine } from "../support/machine.ts";
import { localSession } from "../support/on-call-session.ts";
import { query, ruleErrors } from "../support/prometheus.ts";
import { repeat } from "../support/repeat.ts";
import { RunbookRuns, type RunOptions, type Shell } from "../support/runbook-runs.ts";
import { scope } from "../support/scope.ts";
import { leaveFree, smallDisk } from "../support/small-disk.ts";
import { servedCertificate } from "../support/tls.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

const secondsPerMinute = 1;

/** Lower thresholds where the defaults would take hours or many requests, even with short minutes. A higher one where the start of Prometheus on a busy machine would take too long. */
const thresholds = {
  diskFullMinutes: 15,
  outdatedHours: 0.25,
  collapsedMinutes: 5,
  abuseRequestsPerSecond: 3,
  shrunkHours: 0.1,
  renewalHours: 0.1,
  prefetchHours: 0.1,
};

/** Much longer than needed, for busy machines. */
const patienceMs = 120_000;
/** Alerts change once a second at most. */
const pauseMs = 500;

const parts = scope(test);
let alertmanager: TestAlertmanager;
before(async () => {
  alertmanager = parts.use(await startAlertmanager());
});

const runs = new RunbookRuns(import.meta.filename);
after(() => runs.assertComplete(alertNames));

const monitoring = () => ({
  labels: { installation: "test", pipeline: "stable" },
  alerts: {
    labels: { area: "platform", team: "caches" },
    runbookUrl: "https://runbooks.example.com/{alert}",
    thresholds,
  },
  alertmanagers: [alertmanager.url.href],
});

const upstreamsAt = ({ proxy }: FrontedUpstream) => [
  {
    name: "gsoci",
    registry: registryName,
    url: proxy.url.origin,
    repositories: ["giantswarm/**"],
    probe: "giantswarm/small:1",
  },
];

async function find(name: AlertName, region: string): Promise<FiringAlert | undefined> {
  return (await alertmanager.firing()).find(
    ({ labels }) => labels.alertname === name && labels.region === region,
  );
}

/** Waits for the alert, and asserts the labels that route it and the annotations that its receiver needs. */
async function arrivesOf(
  region: string,
  name: AlertName,
  expected: Record<string, string>,
): Promise<FiringAlert> {
  const alert = await waitUntil(`${name} arrives`, () => find(name, region), patienceMs, pauseMs);
  const common = { installation: "test", pipeline: "stable", area: "platform", team: "caches" };
  for (const [label, value] of Object.entries({ ...common, ...expected })) {
    assert.equal(alert.labels[label], value, `${label} of ${name}`);
  }
  assert.equal(alert.annotations.runbook_url, `https://runbooks.example.com/${name}`);
  assert.notEqual(alert.annotations.description, "");
  return alert;
}

/** A cache for the tests of a suite, with a shell for somebody on call. */
class Watched {
  readonly cache: TestCache;
  readonly upstream: FrontedUpstream;
  /** The value of its label `region`. */
  readonly region: string;
  readonly shell: Shell;

  private constructor(cache: TestCache, upstream: FrontedUpstream, region: string, shell: Shell) {
    this.cache = cache;
    this.upstream = upstream;
    this.region = region;
    this.shell = shell;
  }

  static async start(
    parts: AsyncDisposableStack,
    options: Pick<CacheOptions, "region" | "prefetch"> = {},
  ): Promise<Watched> {
    const upstream = await frontedUpstream(parts);
    const cache = parts.use(
      await startCache({
        ...options,
        upstreams: upstreamsAt(upstream),
        monitoring: monitoring(),
        secondsPerMinute,
      }),
    );
    const region = cache.layout.podName.replace("registry-cache-", "");
    const small = await randomImage({
      repository: "giantswarm/small",
      tag: "1",
      layers: 2,
      layerMB: 0.03,
    });
    await push(upstream.registry.url, small);
    const { directory, ports } = cache.layout;
    const image = `${registryName}/giantswarm/small:1`;
    const here = { region, url: cache.url, internalPort: ports.edgeStatus, directory, image };
    // The authority is a private one, so curl needs its certificate.
    const { shell } = parts.use(await localSession(here, { CURL_CA_BUNDLE: cache.caFile }));
    return new Watched(cache, upstream, region, shell);
  }

  /** @returns the output */
  follow(
    name: AlertName,
    section: "See" | "Do" | "Verify",
    options: RunOptions & { matching?: RegExp } = {},
  ): Promise<string> {
    const { cache, upstream, shell } = this;
    const values = {
      ...options.values,
      PORT: cache.url.port,
      DATA: cache.layout.directory,
      UPSTREAM: upstream.proxy.url.origin,
    };
    return runs.run(name, section, "local", shell, { ...options, values });
  }

  see(name: AlertName, options?: RunOptions): Promise<string> {
    return this.follow(name, "See", options);
  }

  remedy(name: AlertName, matching = /^/): Promise<string> {
    return this.follow(name, "Do", { matching });
  }

  /** Waits until the alert has ended, then runs Verify. */
  async verified(name: AlertName): Promise<string> {
    const isOver = async () => (await find(name, this.region)) === undefined;
    await waitUntil(`${name} ends`, isOver, patienceMs, pauseMs);
    return await this.verifiedHere(name);
  }

  /** Does the same for an alert that ended before Prometheus restarted. Prometheus doesn't report its end, and Alertmanager forgets it after four minutes. */
  async verifiedHere(name: AlertName): Promise<string> {
    const mine = `alertname="${name}"`;
    const alerts = `ALERTS{${mine}, alertstate="firing"}`;
    // Series from before the restart remain for five minutes. Prometheus evaluates each rule at least every 40 s, so an older sample isn't current.
    const firing = `${alerts} unless time() - timestamp(${alerts}) > 40`;
    const isOver = async () => (await query(this.prometheus, firing)).length === 0;
    await waitUntil(`${name} ends here`, isOver, patienceMs, pauseMs);
    const printed = await this.follow(name, "Verify");
    assert.ok(!printed.includes(mine), printed);
    return printed;
  }

  private get prometheus(): URL {
    return new URL(`http://127.0.0.1:${this.cache.layout.ports.prometheus}/`);
  }

  find(name: AlertName): Promise<FiringAlert | undefined> {
    return find(name, this.region);
  }

  /** Also asserts that all rules can be evaluated during the fault. */
  async arrives(name: AlertName, expected: Record<string, string>): Promise<FiringAlert> {
    const alert = await arrivesOf(this.region, name, expected);
    const errors = await ruleErrors(this.prometheus);
    assert.deepEqual(
      errors.filter((error) => !error.includes("no space left on device")),
      [],
    );
    return alert;
  }

  /** Stops a container until it is disposed. */
  async stopped(container: string): Promise<AsyncDisposable> {
    await podman(["stop", "--time", "2", this.cache.container(container)]);
    return {
      [Symbol.asyncDispose]: async () => {
        await podman(["start", this.cache.container(container)]);
      },
    };
  }

  get(url: URL, localAddress?: string): Promise<Answer> {
    return get(url, { ca: this.cache.ca, ...(localAddress && { localAddress }) });
  }

  blob(repository: string, digest: string): URL {
    return new URL(`/v2/giantswarm/${repository}/blobs/${digest}?ns=${registryName}`, this.cache.url);
  }

  async layers(name: string, count: number): Promise<URL[]> {
    const image = await randomImage({
      repository: `giantswarm/${name}`,
      tag: "1",
      layers: count,
      layerMB: 0.03,
    });
    await push(this.upstream.registry.url, image);
    return image.blobs
      .filter(({ mediaType }) => mediaType.includes("layer"))
      .map(({ digest }) => this.blob(name, digest));
  }
}

/** Runs the commands that a runbook runs first on a node. */
function asksEndpoint({ shell }: Watched, { origin: ENDPOINT }: URL): Promise<string> {
  return runs.run("RegistryCacheDown", "See", "client", shell, { values: { ENDPOINT }, mayFail: /^curl/ });
}

/** Tests the address directly, without DNS. */
async function asksBehindDns({ cache, shell }: Watched): Promise<void> {
  const values = { ENDPOINT: cache.url.origin, ADDRESS: "127.0.0.1" };
  assert.match(await runs.run("RegistryCacheDown", "Verify", "client", shell, { values }), /^\{\}$/m);
}

async function asksUpstream(
  { upstream, shell }: Watched,
  name: "RegistryCacheNoSource" | "RegistryCacheUpstreamUnreachable",
) {
  const values = { UPSTREAM: upstream.proxy.url.origin };
  const printed = await runs.run(name, "See", "anywhere", shell, { values, mayFail: /^curl/ });
  assert.match(printed, /^000$/m);
}

/** Probes a URL with the Pod's blackbox_exporter, as an external one does. */
async function probed({ cache }: Watched, { origin }: URL): Promise<{ success: number; seconds: number }> {
  const url = new URL(`http://127.0.0.1:${cache.layout.ports.blackbox}/probe?module=endpoint`);
  url.searchParams.set("target", `${origin}/v2/`);
  const text = await (await fetch(url)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  return { success: value("probe_success"), seconds: value("probe_duration_seconds") };
}

const notify = { severity: "notify" };
const inWorkingHours = { severity: "page", cancel_if_outside_working_hours: "true" };

describe("alerts arrive, and their runbooks help", { concurrency: true }, () => {
  describe("about clients and stored objects", { concurrency: 1 }, () => {
    const parts = scope(test);
    let disk: string;
    let it: Watched;
    let machine: TestMachine;
    before(async () => {
      disk = parts.use(await smallDisk(700)).path;
      it = await Watched.start(parts, {
        region: { dataDir: join(disk, "data"), storage: { kind: "disk", size: "1GiB" } },
        prefetch: { images: [`${registryName}/giantswarm/nowhere:1`] },
      });
      const pod = "0123456789ab";
      machine = parts.use(await startMachine(it.cache, { wanted: pod, applied: pod, appliedSeconds: 0 }));
    });

    test("don't fire for a healthy cache, except for what it can't prefetch", async () => {
      const [hot] = await it.layers("well", 1);
      assert.ok(hot);
      for (let second = 0; second < 15; second++) {
        await it.get(hot);
        await sleep(1000);
      }
      const expected = ["Watchdog", "RegistryCachePrefetchIncomplete"];
      const firing = (await alertmanager.firing())
        .filter(({ labels }) => labels.region === it.region)
        .map(({ labels }) => labels.alertname ?? "");
      assert.deepEqual(
        firing.filter((name) => !expected.includes(name)),
        [],
      );
    });

    describe("while clients pull", { concurrency: true }, () => {
      test("fire for a client with excessive requests, then for a cache that lost its objects, and for a slow upstream", async () => {
        await it.layers("hot", 1);
        const cold = await it.layers("cold", 250);
        const tag = new URL(`/v2/giantswarm/hot/manifests/1?ns=${registryName}`, it.cache.url);
        await using _others = repeat(500, (turn) => {
          const localAddress = `127.0.1.${(turn % 24) + 1}`;
          return it.get(new URL("/v2/", it.cache.url), localAddress);
        });
        {
          // These requests aren't for blobs, because their hits would count for an hour and hide the others.
          await using _greedy = repeat(150, () => it.get(tag));
          await it.arrives("RegistryCacheAbuse", { ...notify, topic: "efficiency" });
          // Bytes, requests and address, the excessive client first.
          assert.match(await it.see("RegistryCacheAbuse"), /^\d+ \d+ 127\.0\.0\.1$/m);
        }
        using _slow = it.upstream.proxy.inject({ kind: "throttle", bytesPerSecond: 20_000 }, "/blobs/");
        await using _cold = repeat(250, async () => {
          const next = cold.pop();
          if (next) await it.get(next);
        });
        await it.arrives("RegistryCacheSlow", { ...notify, upstream: "gsoci" });
        assert.match(await it.see("RegistryCacheSlow"), /cache="MISS"/);
        await it.arrives("RegistryCacheHitRatioCollapsed", { ...notify, upstream: "gsoci" });
        assert.match(await it.see("RegistryCacheHitRatioCollapsed"), /"uri":"\/v2\/giantswarm\/cold\/blobs/);
        await it.remedy("RegistryCacheHitRatioCollapsed");
      });

      test("fire when the upstream delivers damaged blobs", async () => {
        {
          using _fault = it.upstream.proxy.inject({ kind: "corrupt" }, "/damaged/blobs/");
          for (const layer of await it.layers("damaged", 6)) await it.get(layer);
          await it.arrives("RegistryCacheCorruptObjects", { ...notify, topic: "storage" });
        }
        assert.match(await it.see("RegistryCacheCorruptObjects"), /content doesn't have its digest/);
        await it.verified("RegistryCacheCorruptObjects");
      });

      test("are missing for a blob that is damaged later: one command deletes it", async () => {
        const [layer] = await it.layers("damaged-later", 1);
        assert.ok(layer);
        const cached = async () => (await it.get(layer)).headers["x-cache"];
        await cached();
        assert.equal(await cached(), "HIT");
        const DIGEST = layer.pathname.split("/").at(-1) ?? "";
        const deleted = await it.follow("RegistryCacheCorruptObjects", "Do", { values: { DIGEST } });
        assert.match(deleted, /^deleted \/var\/cache\/registry-cache\/blobs\/./m);
        assert.equal(await cached(), "MISS");
      });

      test("fire when a machine can't apply its Pod", async () => {
        const { state } = machine;
        machine.state = { ...state, wanted: "ba9876543210", failure: "image" };
        const { annotations } = await it.arrives("RegistryCachePodOutdated", { ...notify, topic: "change" });
        assert.match(annotations.description ?? "", / changes \(image\)\./);
        await it.see("RegistryCachePodOutdated");
        machine.state = state;
        await it.verified("RegistryCachePodOutdated");
      });

      test("fire when the certificate is about to expire", async () => {
        await shortenCertificate(it.cache, 9);
        await it.arrives("RegistryCacheCertificateExpiring", { ...inWorkingHours, topic: "certificate" });
        assert.match(await it.see("RegistryCacheCertificateExpiring"), /=> [89]\.\d/);
        await shortenCertificate(it.cache, 90);
        assert.match(await it.verified("RegistryCacheCertificateExpiring"), /=> (?:89|90)[. ]/);
      });

      // Prometheus starts before it knows its Alertmanagers, and repeats an alert only after a minute.
      test("include Watchdog, which always fires", async () => {
        await it.arrives("Watchdog", { severity: "none", provider: "local", topology: "vm" });
      });

      test("fire when a prefetched image is missing", async () => {
        await it.arrives("RegistryCachePrefetchIncomplete", { ...notify, topic: "efficiency" });
        assert.match(await it.see("RegistryCachePrefetchIncomplete"), /=> 1 @/);
        await it.layers("nowhere", 1);
        await it.remedy("RegistryCachePrefetchIncomplete");
        await it.verified("RegistryCachePrefetchIncomplete");
      });
    });

    test("fire when something else fills the cache's disk", async () => {
      // The reserve is 64 MiB. Prometheus couldn't write without any free space.
      const leftBytes = 20 * 1024 * 1024;
      const fill = () => leaveFree(disk, leftBytes);
      await fill();
      // The cache frees space within seconds, so this fills the disk again.
      await sleep(5000);
      await fill();
      await Promise.all([
        it.arrives("RegistryCacheDiskFilling", { ...notify, topic: "storage" }),
        it.arrives("RegistryCacheDiskFull", { ...inWorkingHours, topic: "storage" }),
        it.arrives("RegistryCacheBudgetShrinking", { severity: "ticket", zone: "blobs" }),
      ]);
      const full = [
        "RegistryCacheDiskFull",
        "RegistryCacheDiskFilling",
        "RegistryCacheBudgetShrinking",
      ] as const;
      for (const name of full) await it.see(name);
      await rm(join(disk, "ballast"));
      await it.remedy("RegistryCacheDiskFull");
      for (const name of full) await it.verified(name);
      {
        await using _nothingLeft = repeat(250, () => leaveFree(disk, 0));
        const isTold = ({ labels: { region, alertname, job } }: FiringAlert) =>
          region === it.region && alertname === full[0] && job === "registry-cache-prometheus";
        const told = async () => (await alertmanager.firing()).some(isTold);
        await waitUntil("Prometheus can't write either", told, patienceMs);
      }
      await rm(join(disk, "ballast"));
      await it.verified(full[0]);
    });

    test("end after an hour if they last that long", async () => {
      for (const name of ["Abuse", "Slow", "HitRatioCollapsed"] as const)
        await it.verified(`RegistryCache${name}`);
    });
  });

  describe("about parts", { concurrency: 1 }, () => {
    const parts = scope(test);
    let it: Watched;
    before(async () => {
      it = await Watched.start(parts);
    });

    describe("for containers that end", { concurrency: true }, () => {
      test("fire when nginx restarts repeatedly", async () => {
        await using _kills = repeat(7000, async () => {
          process.kill(await mainPid(it.cache.container("edge")), "SIGKILL");
        });
        await it.arrives("RegistryCacheRestartLoop", { ...inWorkingHours, job: "registry-cache-nginx" });
        const seen = await it.see("RegistryCacheRestartLoop");
        assert.match(seen, /^edge: .* [1-9]\d* restarts/m);
        assert.match(seen, /-edge: exit code 137$/m);
      });

      test("fire when the log exporter stays down", async () => {
        await using _stopped = await it.stopped("exporter");
        await it.arrives("RegistryCacheTargetMissing", { ...notify, job: "registry-cache-edge" });
        assert.match(await it.see("RegistryCacheTargetMissing"), /^exporter: exited /m);
        await it.remedy("RegistryCacheTargetMissing");
        await it.verified("RegistryCacheTargetMissing");
      });
    });

    test("fire when requests fail although the upstream answers", async () => {
      {
        using _fault = it.upstream.proxy.inject({ kind: "status", status: 500 }, "/blobs/");
        await using _pulls = repeat(250, () =>
          it.get(it.blob("any", `sha256:${randomBytes(32).toString("hex")}`)),
        );
        await Promise.all([
          it.arrives("RegistryCacheErrors", { ...notify, upstream: "gsoci" }),
          it.arrives("RegistryCacheOriginErrors", { ...notify, upstream: "gsoci" }),
        ]);
        assert.match(await it.see("RegistryCacheErrors"), /"status":"5/);
        assert.match(await it.see("RegistryCacheOriginErrors"), /code="5/);
      }
      await it.remedy("RegistryCacheErrors");
      await it.remedy("RegistryCacheOriginErrors");
      await it.verified("RegistryCacheErrors");
      await it.verified("RegistryCacheOriginErrors");
    });

    test("fire when clients that read slowly hold all transfers", async () => {
      const image = await randomImage({ repository: "giantswarm/large", tag: "1", layers: 1, layerMB: 20 });
      await push(it.upstream.registry.url, image);
      const [large] = image.blobs.filter(({ size }) => size > 1e6);
      const [small] = await it.layers("other", 1);
      assert.ok(large && small);
      const file = join(await filesDirectory(it.cache.container("edge"), "edge"), "nginx.conf");
      const configuration = await readFile(file, "utf8");
      const lowered = configuration.replace(/limit_conn transfers \d+/, "limit_conn transfers 1");
      assert.notEqual(lowered, configuration);
      await writeFile(file, lowered);
      const slow = await unread(it.blob("large", large.digest), { ca: it.cache.ca });
      {
        await using _pulls = repeat(250, () => it.get(small));
        await it.arrives("RegistryCacheLimitReached", { ...notify, upstream: "gsoci" });
        const seen = await it.see("RegistryCacheLimitReached");
        assert.match(seen, /^ *\d+ limiting connections by zone "transfers"$/m);
      }
      slow.destroy();
      await writeFile(file, configuration);
      await it.verified("RegistryCacheLimitReached");
    });

    test("tell dropped packets from refused connections, on a node and in a probe", async () => {
      await using hole = await blackHole();
      const dead = new URL(`https://localhost:${hole.port}`);
      assert.match(await asksEndpoint(it, dead), /timed out/);
      const asks = (section: "See" | "Verify", { origin: ENDPOINT }: URL) =>
        runs.run("RegistryCacheUnreachable", section, "client", it.shell, {
          values: { ENDPOINT },
          mayFail: /^curl/,
        });
      assert.match(await asks("See", dead), /timed out/);
      assert.match(await asks("Verify", it.cache.url), /^200$/m);
      await it.see("RegistryCacheUnreachable");
      assert.match(await it.follow("RegistryCacheUnreachable", "Verify"), /^verdict +serving/m);
      // RegistryCacheUnreachable distinguishes the two by this time.
      const [silent, refused] = [await probed(it, dead), await probed(it, new URL("https://localhost:1"))];
      assert.ok(silent.success === 0 && silent.seconds > 4, `${silent.seconds} s`);
      assert.ok(refused.success === 0 && refused.seconds < 1, `${refused.seconds} s`);
    });

    test("end after an hour if they last that long", async () => {
      await it.verified("RegistryCacheRestartLoop");
    });

    test("fire when the endpoint gives another answer", async () => {
      const file = join(await filesDirectory(it.cache.container("edge"), "edge"), "nginx.conf");
      const configuration = await readFile(file, "utf8");
      // The edge reloads the file by itself.
      const use = (text: string) => writeFile(file, text);
      const other = configuration.replace(/return 200 ("?\{\})/, "return 418 $1");
      assert.notEqual(other, configuration);
      await use(other);
      await it.arrives("RegistryCacheProbeFailing", inWorkingHours);
      assert.equal(await it.find("RegistryCacheDown"), undefined);
      assert.match(await it.see("RegistryCacheProbeFailing"), /^418$/m);
      const values = { ENDPOINT: it.cache.url.origin };
      const seen = await runs.run("RegistryCacheProbeFailing", "See", "client", it.shell, { values });
      assert.match(seen, /^418$/m);
      await it.remedy("RegistryCacheProbeFailing", /blackbox/);
      await use(configuration);
      await it.remedy("RegistryCacheProbeFailing", /edge/);
      await it.verified("RegistryCacheProbeFailing");
      // The same remedy applies when nginx doesn't load a new certificate.
      await it.remedy("RegistryCacheCertificateExpiring");
    });
  });

  describe("about the upstream, the whole cache and another cache", { concurrency: 1 }, () => {
    const parts = scope(test);
    let it: Watched;
    before(async () => {
      it = await Watched.start(parts);
    });

    test("accept any registry's answer for a missing manifest from a healthy upstream", async () => {
      const { blackbox, origins } = it.cache.layout.ports;
      const path = `${registryPrefix("gsoci")}v2/giantswarm/small/manifests/sha256:${"0".repeat(64)}`;
      const target = `http://127.0.0.1:${origins[0]?.http}${path}`;
      const probe = new URL(`http://127.0.0.1:${blackbox}/probe?module=manifests&target=${target}`);
      const isWell = async () => /^probe_success 1$/m.test(await (await fetch(probe)).text());
      assert.ok(await isWell(), "distribution");
      const answers = (message: string) => {
        const body = JSON.stringify({ errors: [{ code: "NOT_FOUND", message }] });
        const headers = { "content-type": "application/json; charset=utf-8" };
        return it.upstream.proxy.inject({ kind: "status", status: 404, headers, body }, "/manifests/");
      };
      {
        using _harbor = answers("artifact giantswarm/small@sha256:0 not found");
        assert.ok(await isWell(), "Harbor");
      }
      using _noProject = answers("project giantswarm not found");
      assert.ok(!(await isWell()), "a project that is gone");
    });

    test("fire when the upstream answers without manifests, as with expired credentials", async () => {
      {
        using _fault = it.upstream.proxy.inject({ kind: "status", status: 401 }, "/manifests/");
        const job = "registry-cache-manifests";
        await it.arrives("RegistryCacheUpstreamUnreachable", { ...notify, upstream: "gsoci", job });
        // On a busy machine, a query can take longer than the interval, and then finds nothing.
        await untilItHolds("the runbook says why", async () => {
          const seen = await it.see("RegistryCacheUpstreamUnreachable");
          assert.match(seen, /job="registry-cache-manifests".* => 401/);
        });
        await it.arrives("RegistryCacheTagsOutdated", { ...inWorkingHours, upstream: "gsoci" });
      }
      await it.verified("RegistryCacheUpstreamUnreachable");
      await it.verified("RegistryCacheTagsOutdated");
    });

    test("fire when the upstream is down, and when the cache is down", async () => {
      assert.match(await asksEndpoint(it, it.cache.url), /^\d{3}$/m);
      await it.upstream.proxy.stopListening();
      await it.arrives("RegistryCacheUpstreamUnreachable", { ...notify, upstream: "gsoci" });
      const seen = await it.see("RegistryCacheUpstreamUnreachable", { mayFail: /^registry-cache probe/ });
      assert.match(seen, /probe_success 0/);
      await asksUpstream(it, "RegistryCacheUpstreamUnreachable");
      await it.arrives("RegistryCacheTagsOutdated", { ...inWorkingHours, upstream: "gsoci" });
      assert.match(await it.see("RegistryCacheTagsOutdated"), /\{.*upstream="gsoci".*\} => 0/);
      await podman(["stop", "--time", "2", it.cache.container("edge")]);
      await it.arrives("RegistryCacheDown", inWorkingHours);
      const { labels } = await it.arrives("RegistryCacheNoSource", { severity: "page", upstream: "gsoci" });
      assert.equal(labels.cancel_if_outside_working_hours, undefined);
      assert.equal(await it.find("RegistryCacheProbeFailing"), undefined);
      assert.equal(await it.find("RegistryCacheTargetMissing"), undefined);
      assert.match(await asksEndpoint(it, it.cache.url), /refused|Couldn't connect|Failed to connect/);
      const down = await it.see("RegistryCacheDown", { mayFail: /registry-cache status/ });
      assert.match(down, /NOT SERVING/);
      assert.match(await it.see("RegistryCacheNoSource"), /^edge: exited /m);
      await asksUpstream(it, "RegistryCacheNoSource");
      // This remedy also restarts Prometheus.
      await it.remedy("RegistryCacheNoSource");
      await it.verifiedHere("RegistryCacheNoSource");
      await it.upstream.proxy.listen();
      await it.verifiedHere("RegistryCacheDown");
      await asksBehindDns(it);
      await it.verifiedHere("RegistryCacheUpstreamUnreachable");
      await it.verifiedHere("RegistryCacheTagsOutdated");
    });

    test("include Watchdog again after a restart of the whole cache and of Prometheus", async () => {
      await it.remedy("RegistryCacheDown");
      await it.see("Watchdog");
      await it.remedy("Watchdog");
      const fires = async () =>
        (await it.follow("Watchdog", "Verify", { mayFail: /^registry-cache/ })).includes(
          'alertname="Watchdog"',
        );
      await waitUntil("Watchdog fires", fires, patienceMs);
    });

    test("fire when another cache can't renew its certificate", async () => {
      await using authority = await startAuthority({ badNonces: 0 });
      const config = parseConfig({
        provider: "local",
        regions: [{ name: "other" }],
        upstreams: upstreamsAt(it.upstream),
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
      await arrivesOf(acmeRegion, "RegistryCacheRenewalFailing", { ...notify, topic: "certificate" });
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
      const isOver = async () =>
        !(await followThere("Verify")).includes('alertname="RegistryCacheRenewalFailing"');
      await waitUntil("the alert is over", isOver, patienceMs);
    });
  });
});
