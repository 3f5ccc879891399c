/** An upstream that zot fetches from, and zot's configuration. test/e2e/engine-zot.test.ts tests what it does. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { contentGiB } from "../../components/capacity/plan-disk.ts";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { imagesOf } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import type { AwsRegion, Upstream } from "../../components/config/schema.ts";
import { readersOfChanged } from "../../components/hosts/local/podman-pod.ts";
import { bundleText, renderBundle } from "../../components/hosts/podman/bundle.ts";
import { diskBudget, ownDiskBudget, sharedWithZot } from "../../components/pod/edge/budget.ts";
import { originCredentials } from "../../components/pod/origin.ts";
import { renderPod } from "../../components/pod/pod.ts";
import { upstreamSecret } from "../../components/pod/secret-files.ts";
import { podOptions } from "../support/pod-options.ts";
import {
  assertProblem,
  aws,
  awsRegion,
  local,
  problemsOf,
  upstreams,
  withKubernetes,
  withUpstream,
} from "../support/raw-stacks.ts";
import { newInV2, zotV1Config } from "../support/zot.ts";

const [gsoci] = upstreams;
const zotUpstreams = [{ ...gsoci, engine: "zot" }];
const other = { name: "team", registry: "registry.example.com", repositories: ["team/**"] };

describe("an upstream can have zot", () => {
  test("with one machine and its disk", () => {
    assert.deepEqual(problemsOf(withUpstream({ engine: "zot" })), []);
    assert.deepEqual(problemsOf({ ...aws, upstreams: zotUpstreams }), []);
    assert.deepEqual(problemsOf(withUpstream({ engine: "distribution" })), []);
  });

  test("but not where replicas would each have their own", () => {
    assertProblem(
      { ...withKubernetes({}), upstreams: zotUpstreams },
      /^upstreams\[0\]\.engine: can't be zot: regions\[0\] is a cluster.*use a region with one machine, or leave `engine` out$/,
    );
  });

  test("but not with a bucket, in any region", () => {
    const regions = [awsRegion, { ...awsRegion, name: "us-east-1", storage: { kind: "bucket" } }];
    const endpoint = { ...awsRegion.endpoint, hostname: "other.example.com" };
    assertProblem(
      {
        ...aws,
        regions: [regions[0], { ...regions[1], endpoint }],
        upstreams: [gsoci, { ...other, engine: "zot" }],
      },
      /^upstreams\[1\]\.engine: can't be zot: regions\[1\] keeps its blobs in a bucket.*write `storage: \{ kind: disk \}`, or leave/,
    );
  });

  test("but not with prefetched images", () => {
    const prefetch = { images: ["gsoci.azurecr.io/giantswarm/app:1", "registry.example.com/team/app:1"] };
    assertProblem(
      { ...local, upstreams: [...zotUpstreams, other], prefetch },
      /^prefetch\.images\[0\]: "gsoci.azurecr.io\/giantswarm\/app:1" is of a registry with `engine: zot`/,
    );
  });

  test("and no other value is an engine", () => {
    assertProblem(withUpstream({ engine: "harbor" }), /^upstreams\[0\]\.engine: .*"distribution".*"zot"/);
  });
});

const upstream: Upstream = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  url: "https://gsoci.azurecr.io",
  repositories: ["giantswarm/**", "charts/*"],
  engine: "zot",
};
const distribution: Upstream = { ...other, url: "https://registry.example.com" };

function rendered(...upstreams: Upstream[]) {
  const { pod, configMaps } = renderPod(podOptions({ upstreams }));
  const containers = pod.spec?.containers ?? [];
  const file = (part: string, name: string) =>
    configMaps.find(({ metadata }) => metadata?.name === `cache-${part}`)?.data?.[name] ?? "";
  return { containers, file };
}

/** All keys of an object, by path. */
function keysOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((entry) => keysOf(entry, `${path}[]`)))];
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, entry]) => keysOf(entry, path ? `${path}.${key}` : key));
}

const readme = "https://github.com/project-zot/zot/blob/v2.1.21/examples/README.md";
const syncConfig = "https://github.com/project-zot/zot/blob/v2.1.21/pkg/extensions/config/sync/config.go";

/** The documentation of each key. zot exits for an unknown one, and v2 can't run here. */
const documented: Record<string, string> = {
  distSpecVersion: readme,
  "storage.rootDirectory": readme,
  "storage.dedupe": readme,
  "storage.gc": readme,
  "storage.gcDelay": readme,
  "storage.gcInterval": "https://github.com/project-zot/zot/blob/v2.1.21/pkg/api/config/config.go",
  "storage.retention.delay": readme,
  "storage.retention.policies[].repositories[]": readme,
  "storage.retention.policies[].deleteUntagged": readme,
  "storage.retention.policies[].keepTags[].patterns[]": readme,
  "storage.retention.policies[].keepTags[].pulledWithin": readme,
  "storage.retention.policies[].keepTags[].pushedWithin": readme,
  "storage.retention.policies[].keepUntagged.pulledWithin": "https://github.com/project-zot/zot/pull/4191",
  "storage.retention.policies[].keepUntagged.pushedWithin": "https://github.com/project-zot/zot/pull/4191",
  "http.address": readme,
  "http.port": readme,
  "http.readTimeout":
    "https://zotregistry.dev/v2.1.17/general/whats-new/#http-readwrite-timeout-configuration",
  "http.writeTimeout":
    "https://zotregistry.dev/v2.1.17/general/whats-new/#http-readwrite-timeout-configuration",
  "http.compat[]": "https://zotregistry.dev/v2.1.20/articles/mirroring/",
  "http.accessControl.repositories.**.anonymousPolicy[]": readme,
  "http.accessControl.metrics.anonymousPolicy[]": "https://github.com/project-zot/zot/pull/4110",
  "log.level": readme,
  "extensions.metrics.enable": readme,
  "extensions.metrics.prometheus.path": readme,
  "extensions.sync.enable": "https://github.com/project-zot/zot/blob/main/examples/config-sync.json",
  "extensions.sync.credentialsFile": readme,
  "extensions.sync.registries[].urls[]": readme,
  "extensions.sync.registries[].onDemand": readme,
  "extensions.sync.registries[].tlsVerify": readme,
  "extensions.sync.registries[].preserveDigest": syncConfig,
  "extensions.sync.registries[].maxRetries": readme,
  "extensions.sync.registries[].retryDelay": readme,
  "extensions.sync.registries[].syncTimeout": syncConfig,
  "extensions.sync.registries[].content[].prefix": readme,
  "extensions.sync.registries[].content[].destination": readme,
};

describe("zot's configuration", () => {
  const configOf = (change: Partial<Upstream> = {}) =>
    parse(rendered({ ...upstream, ...change }).file("origin-gsoci", "config.yml"));

  test("is documented, key by key", () => {
    const keys = keysOf(configOf({ credentials: "gsoci-credentials" }));
    assert.deepEqual(keys.toSorted(), Object.keys(documented).toSorted());
  });

  test("has the allow-list, below the upstream's name", () => {
    const [registry] = configOf().extensions.sync.registries;
    assert.deepEqual(registry.content, [
      { prefix: "giantswarm/**", destination: "/gsoci" },
      { prefix: "charts/*", destination: "/gsoci" },
    ]);
    assert.deepEqual([registry.urls, registry.tlsVerify], [["https://gsoci.azurecr.io"], true]);
    assert.equal(configOf({ url: "http://10.0.0.1:5000" }).extensions.sync.registries[0].tlsVerify, false);
  });

  test("allows requests the time of a copy and a transfer, and retries immediately after an error", () => {
    const { http, extensions } = configOf();
    assert.deepEqual([http.readTimeout, http.writeTimeout], ["1h", "1h"]);
    const [{ maxRetries, retryDelay }] = extensions.sync.registries;
    assert.deepEqual([maxRetries, retryDelay], [3, "200ms"]);
  });

  test("has no credentials, only the path of their file", () => {
    assert.equal(configOf().extensions.sync.credentialsFile, undefined);
    const { credentialsFile } = configOf({ credentials: "gsoci-credentials" }).extensions.sync;
    assert.equal(credentialsFile, "/etc/registry-cache/secret/get");
    const known = { username: "reader", password: 'it"s' };
    assert.deepEqual(JSON.parse(upstreamSecret({ ...upstream, url: "http://10.0.0.1:5000" }, known)), {
      "10.0.0.1:5000": known,
    });
    assert.equal(upstreamSecret(distribution, known), originCredentials(known));
  });

  test("loses for v1.4.3 only what is new in v2", () => {
    const before = keysOf(configOf());
    const after = keysOf(parse(zotV1Config(stringify(configOf())))).map((key) =>
      key.replace("accessControl.**", "accessControl.repositories.**"),
    );
    const dropped = before.filter((key) => !after.includes(key));
    const isNew = (key: string) =>
      Object.keys(newInV2).some((path) => `${key}.`.startsWith(`${path}.`) || key.startsWith(`${path}[`));
    assert.deepEqual(dropped, before.filter(isNew));
    for (const path of Object.keys(newInV2))
      assert.ok(
        dropped.some((key) => key.startsWith(path)),
        path,
      );
  });
});

describe("a Pod with zot", () => {
  test("needs a restart for other credentials, unlike one with distribution", () => {
    const bundle = renderBundle(
      podOptions({
        upstreams: [
          { ...upstream, credentials: "one" },
          { ...distribution, credentials: "two" },
        ],
      }),
      { stateDirectory: "/state" },
    );
    const secrets = (password: string) => ({
      "/state/secrets/credentials-gsoci/get": password,
      "/state/secrets/credentials-team/get": password,
    });
    const readers = (before: string, now: string) =>
      readersOfChanged(
        { secrets: secrets(before) },
        { secrets: secrets(now), bundle: bundleText(bundle) },
      ).map(({ pod }) => pod);
    assert.deepEqual(readers("a", "a"), []);
    assert.deepEqual(readers("a", "b"), [bundle["parts/origin-gsoci/pod"]]);
  });

  test("has the container of each upstream under the same name, and one keeper", () => {
    const names = (...upstreams: Upstream[]) => rendered(...upstreams).containers.map(({ name }) => name);
    assert.ok(names(upstream, distribution).includes("origin-gsoci"));
    assert.ok(names(upstream, distribution).includes("origin-team"));
    assert.equal(
      names(upstream, { ...distribution, engine: "zot" }).filter((it) => it === "keeper").length,
      1,
    );
    assert.ok(!names(distribution).includes("keeper"));
    assert.deepEqual(
      [upstream, distribution].map((it) =>
        imagesOf({ images: { zot: "a/b:1" }, upstreams: [it] }, false).includes("a/b:1"),
      ),
      [true, false],
    );
  });

  test("answers requests for the other upstreams as without it", () => {
    const locations = (...upstreams: Upstream[]) => {
      const conf = rendered(...upstreams).file("edge", "nginx.conf");
      return [...conf.matchAll(/^ {8}location = \/(?:manifest|tag|list|blob) \{\n(?:.*\n)*? {8}\}/gm)].map(
        String,
      );
    };
    const without = locations(distribution);
    assert.equal(without.length, 4);
    assert.deepEqual(locations(upstream, distribution), without);
  });

  test("answers before containerd and a zot in front of it give up", () => {
    const conf = rendered(upstream).file("edge", "nginx.conf");
    const places = ["zot-manifest", "zot-tag", "zot-referrers"].map(
      (place) => new RegExp(` {8}location = /${place} \\{\\n(?:.*\\n)*? {8}\\}`).exec(conf)?.[0] ?? "",
    );
    for (const place of places) {
      const ms = Number(/proxy_read_timeout (\d+)ms/.exec(place)?.[1]);
      assert.ok(ms > 20_000 && ms < 29_000, place);
    }
  });

  test("shares the space for blobs", () => {
    const budget = diskBudget(20);
    const { blobsMiB = 0, zotMiB = 0 } = sharedWithZot(budget);
    assert.equal(blobsMiB + zotMiB, budget.blobsMiB);
    assert.ok(Math.abs(blobsMiB - zotMiB) <= 1);
    assert.deepEqual(
      sharedWithZot(ownDiskBudget(200)),
      ownDiskBudget(200),
      "the keeper takes half of the disk",
    );
  });
});

test("plans a machine's disk and memory for it", () => {
  const planned = (upstreams: object[]) => {
    const config = parseConfig({
      ...aws,
      regions: [{ ...awsRegion, storage: { kind: "disk" } }],
      upstreams,
      workload: { workingSetGiB: 100, growthGiBPerMonth: 0 },
    });
    const region = config.regions[0] as AwsRegion;
    return { workload: config.workload, plan: capacityOf(region, config).plan };
  };
  const { workload, plan: without } = planned(upstreams);
  const { plan: withZot } = planned(zotUpstreams);
  assert.ok(diskBudget(withZot.disk.sizeGiB).blobsMiB >= 2 * 1024 * contentGiB(workload, "disk"));
  assert.ok(diskBudget(without.disk.sizeGiB).blobsMiB < 2 * 1024 * contentGiB(workload, "disk"));
  const memory = (plan: typeof without) => plan.limits.find(({ name }) => name === "memory")?.required ?? 0;
  assert.equal(memory(withZot) - memory(without), 1);
});
