/** Changes of every kind to a running cache, in random order, while clients pull. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { podman } from "../../components/hosts/local/podman.ts";
import type { Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type CacheConfiguration, startCache, type TestCache } from "../support/cache.ts";
import { type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { randomFrom } from "../support/random.ts";
import { scope } from "../support/scope.ts";

/** Half of the clients are in the middle of a pull most of the time, and the others start one pull after the other. With more bytes, TLS alone would keep the processors busy. */
const clientCount = 16;
const slowBytesPerSecond = 3e6;
/** The environment variable CHANGES raises the number of changes. */
const { CHANGES } = process.env;
/** The longest time for which a replaced part may interrupt clients. */
const gapMs = 5000;
/** The environment variable SEED repeats a failed run. */
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** A change of the cache. `count` makes each change of a kind different. */
type Change = (count: number) => Partial<CacheConfiguration>;

interface Failure {
  readonly at: number;
  readonly why: string;
}

const parts = scope(test);
let upstream: FrontedUpstream;
let cache: TestCache;
/** `warm` are blobs that clients pull repeatedly: a large one, slowly, and a small one. `cold` are blobs that one client pulls once. */
let warm: { readonly large: Digest; readonly small: Digest };
let cold: Digest[];
let changes: Readonly<Record<string, Change>>;

before(async () => {
  upstream = await frontedUpstream(parts);
  const blobsOf = async (name: string, layers: number, layerMB: number): Promise<Digest[]> => {
    const image = await randomImage({ repository: `team/${name}`, tag: "1", layers, layerMB });
    await push(upstream.registry.url, image);
    return image.blobs.filter(({ size }) => size > 10_000).map(({ digest }) => digest);
  };
  const [[large = "sha256:"], [small = "sha256:"]] = await Promise.all([
    blobsOf("large", 1, 3),
    blobsOf("small", 1, 0.05),
  ]);
  warm = { large, small };
  cold = await blobsOf("cold", 300, 0.05);
  const team = {
    name: "team",
    registry: registryName,
    url: upstream.proxy.url.origin,
    repositories: ["team/**"],
  };
  const other = (name: string) => ({
    ...team,
    name,
    registry: `${name}.test`,
    repositories: [`${name}/**`],
  });
  cache = parts.use(await startCache({ upstreams: [team], hasPrometheus: true }));
  changes = {
    repository: (count) => ({ upstreams: [{ ...team, repositories: ["team/**", `more-${count}/**`] }] }),
    "another upstream": (count) => ({ upstreams: [team, other(`after-${count}`)] }),
    "another upstream in front": (count) => ({ upstreams: [other(`before-${count}`), team] }),
    clients: (count) => ({ region: { access: { clients: ["127.0.0.0/8", `192.0.2.${count}/32`] } } }),
    freshness: (count) => ({ region: { freshnessSeconds: 20 + count } }),
    "disk size": (count) => ({ region: { storage: { kind: "disk", size: `${4 + (count % 2)}GiB` } } }),
    labels: (count) => ({ monitoring: { labels: { change: `n${count}` } } }),
    alertmanager: (count) => ({ monitoring: { alertmanagers: [`http://127.0.0.1:${9000 + count}`] } }),
    "edge's image": await otherImages("edge"),
    "origin's image": await otherImages("origin", "origin-team"),
    "exporter's image": await otherImages("exporter"),
    "Prometheus's image": await otherImages("prometheus"),
  };
});

/** Alternates between two more names of the same image. */
async function otherImages(name: string, container = name): Promise<Change> {
  const image = await podman(["inspect", "--format", "{{.ImageName}}", cache.container(container)]);
  const tags = [0, 1].map((tag) => `localhost/registry-cache-test/${name}-${process.pid}:${tag}`);
  await podman(["tag", image, ...tags]);
  parts.defer(async () => {
    await podman(["untag", image, ...tags]);
  });
  return (count) => ({ images: { [name]: tags[count % 2] ?? "" } });
}

/** Clients that pull until they are stopped, and fall back as containerd does. */
function pullers(random: () => number): { readonly failures: Failure[]; stop(): Promise<string> } {
  const failures: Failure[] = [];
  let pulls = 0;
  let colds = 0;
  let stopped = false;
  const failure = async (
    path: string,
    digest: Digest,
    pace: { bytesPerSecond?: number },
  ): Promise<string | undefined> => {
    try {
      const answer = await download(new URL(path, cache.url), { ca: cache.ca, ...pace });
      if (answer.status !== 200) return `status ${answer.status}`;
      return answer.complete && answer.digest === digest ? undefined : "broken off";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  const client = async (index: number) => {
    const kind = index % 2 === 0 ? "large" : "small";
    const pace = kind === "large" ? { bytesPerSecond: slowBytesPerSecond } : {};
    while (!stopped) {
      const isCold = random() < 0.04 && colds < cold.length;
      const [name, digest] = isCold ? ["cold", cold[colds++] as Digest] : [kind, warm[kind]];
      const path = `/v2/team/${name}/blobs/${digest}?ns=${registryName}`;
      const why = await failure(path, digest, isCold ? {} : pace);
      if (why !== undefined) {
        failures.push({ at: Date.now(), why: `${name}: ${why}` });
        const direct = await fetch(new URL(path, upstream.registry.url));
        await direct.arrayBuffer();
        assert.equal(direct.status, 200);
      }
      pulls += 1;
      await sleep(100 + random() * 200);
    }
  };
  const clients = Promise.all(Array.from({ length: clientCount }, (_, index) => client(index)));
  return {
    failures,
    async stop() {
      stopped = true;
      await clients;
      return `${pulls} pulls, ${colds} of them cold; ${failures.length} fell back`;
    },
  };
}

/** The containers that a pull depends on in the current configuration. */
function onTheWay(): string {
  const names = ["edge", "origin-team"];
  return names.map((name) => cache.container(name)).join();
}

describe(`changes while clients pull (SEED=${seed})`, () => {
  test("interrupt no client if the containers on the way stay, and otherwise for seconds at most", {
    timeout: 600_000,
  }, async (t) => {
    const random = randomFrom(seed);
    const { failures, stop } = pullers(random);
    let left: string[] = [];
    const wrong: string[] = [];
    const changeCount = Number(CHANGES ?? Object.keys(changes).length);
    for (let count = 1; count <= changeCount; count++) {
      // Each kind occurs once, in random order, before any occurs again.
      if (left.length === 0) left = Object.keys(changes);
      const [kind = ""] = left.splice(Math.floor(random() * left.length), 1);
      const earlier = failures.length;
      const before = onTheWay();
      const start = Date.now();
      await cache.apply(changes[kind]?.(count) ?? {});
      const seconds = (Date.now() - start) / 1000;
      // Failures that the change caused can appear a moment later.
      await sleep(300);
      const own = failures.slice(earlier);
      const spanMs = (own.at(-1)?.at ?? 0) - (own[0]?.at ?? 0);
      const reasons = [...new Set(own.map(({ why }) => why))].join(", ");
      const replaced = onTheWay() !== before;
      const line = `${count} ${kind} (${replaced ? "replaces" : "reloads"}): ${seconds} s, ${own.length} fell back within ${spanMs} ms ${reasons}`;
      t.diagnostic(line);
      if (replaced ? spanMs > gapMs : own.length > 0) wrong.push(line);
    }
    t.diagnostic(await stop());
    assert.deepEqual(wrong, []);
  });
});
