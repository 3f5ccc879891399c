/** Changes of a running cache, of every kind and in random order, while clients pull. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { podman } from "../../components/hosts/local/podman.ts";
import type { Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type CacheOptions, startCache, type TestCache } from "../support/cache.ts";
import { asked, type FrontedUpstream, frontedUpstream, registryName } from "../support/chain.ts";
import { download, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";

const clients = 16;
const changes = Number(process.env.CHANGES ?? 50);
/** How long a replaced part may keep clients from the cache. */
const gapMs = 5000;
const only = process.env.ONLY?.split(",");
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

interface Change {
  readonly what: string;
  /** Whether all parts run on, so that nobody notices. */
  readonly reloads: boolean;
  /** What follows from the number of the change. */
  make(count: number): Partial<CacheOptions>;
}

interface Failure {
  readonly at: number;
  readonly why: string;
}

const parts = scope(test);
let main: FrontedUpstream;
let cache: TestCache;
let cold: Digest[];
let warm: Digest;
let kinds: Change[];

before(async () => {
  main = await frontedUpstream(parts);
  const image = await randomImage({ repository: "team/warm", tag: "1", layerMB: 3 });
  await push(main.registry.url, image);
  warm = image.blobs.find(({ size }) => size > 1e6)?.digest as Digest;
  const many = await randomImage({ repository: "team/cold", tag: "1", layers: 800, layerMB: 0.05 });
  await push(main.registry.url, many);
  cold = many.blobs.filter(({ size }) => size > 1e4).map(({ digest }) => digest);
  const upstream = {
    name: "main",
    registry: registryName,
    url: main.proxy.url.origin,
    repositories: ["team/**"],
  };
  const other = (name: string) => ({
    ...upstream,
    name,
    registry: `${name}.test`,
    repositories: [`${name}/**`],
  });
  cache = parts.use(await startCache({ upstreams: [upstream], maxUpstreams: 4 }));
  const tagged = async (component: string) => {
    const image = await podman(["inspect", "--format", "{{.ImageName}}", cache.container(component)]);
    return async (count: number) => {
      const name = `localhost/registry-cache-test/${component}-${process.pid}:${count % 2}`;
      await podman(["tag", image, name]);
      parts.defer(async () => {
        await podman(["untag", name, name]).catch(() => undefined);
      });
      return name;
    };
  };
  const images = Object.fromEntries(
    await Promise.all(
      ["edge", "exporter", "prometheus"].map(async (name) => {
        const tag = await tagged(name);
        return [name, [await tag(0), await tag(1)]] as const;
      }),
    ),
  );
  const image_ = (name: string, count: number) => ({
    images: { [name]: images[name]?.[count % 2] ?? "" },
  });
  kinds = [
    {
      what: "allow-list",
      reloads: true,
      make: (count) => ({ upstreams: [{ ...upstream, repositories: ["team/**", `more-${count}/**`] }] }),
    },
    {
      what: "clients",
      reloads: true,
      make: (count) => ({ region: { access: { clients: ["127.0.0.0/8", `192.0.2.${count}/32`] } } }),
    },
    { what: "freshness", reloads: true, make: (count) => ({ region: { freshnessSeconds: 20 + count } }) },
    { what: "labels", reloads: true, make: (count) => ({ monitoring: { labels: { change: `n${count}` } } }) },
    {
      what: "alertmanager",
      reloads: true,
      make: (count) => ({ monitoring: { alertmanagers: [`http://127.0.0.1:${9000 + count}`] } }),
    },
    {
      what: "upstream at the end",
      reloads: true,
      make: (count) => ({ upstreams: [upstream, other(`end-${count}`)] }),
    },
    {
      what: "upstream in front",
      reloads: false,
      make: (count) => ({ upstreams: [other(`front-${count}`), upstream] }),
    },
    {
      what: "disk size",
      reloads: true,
      make: (count) => ({ region: { storage: { kind: "disk", size: `${4 + (count % 2)}GiB` } } }),
    },
    { what: "edge's image", reloads: false, make: (count) => image_("edge", count) },
    { what: "exporter's image", reloads: true, make: (count) => image_("exporter", count) },
    { what: "Prometheus's image", reloads: true, make: (count) => image_("prometheus", count) },
  ];
});

/** mulberry32: small, and the same for the same seed. */
function randomFrom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe(`${changes} changes while ${clients} clients pull (SEED=${seed})`, () => {
  test("nobody notices those that reload; of the others, clients fall back for seconds at most", {
    timeout: 600_000,
  }, async (t) => {
    const random = randomFrom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const failures: Failure[] = [];
    let pulls = 0;
    let ended = false;
    const pull = async (digest: Digest, repository: string) => {
      const path = `/v2/${repository}/blobs/${digest}?ns=${registryName}`;
      try {
        const answer = await download(new URL(path, cache.url), { ca: cache.ca });
        if (answer.status === 200 && answer.complete && answer.digest === digest) return;
        failures.push({ at: Date.now(), why: `${answer.status} ${answer.complete ? "" : "broken off"}` });
      } catch (error) {
        failures.push({ at: Date.now(), why: (error as NodeJS.ErrnoException).code ?? String(error) });
      }
      // As containerd does: the upstream, where the cache didn't give it.
      const response = await fetch(new URL(path, main.registry.url));
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    };
    let next = 0;
    const client = async () => {
      while (!ended) {
        const isCold = random() < 0.2 && next < cold.length;
        await (isCold ? pull(cold[next++] as Digest, "team/cold") : pull(warm, "team/warm"));
        const manifest = await get(new URL(`/v2/team/warm/manifests/1?ns=${registryName}`, cache.url), {
          ca: cache.ca,
          headers: { Accept: "application/vnd.oci.image.index.v1+json" },
        }).catch((error) => ({ status: error.code }));
        if (manifest.status !== 200) failures.push({ at: Date.now(), why: `manifest ${manifest.status}` });
        pulls += 1;
        await sleep(100 + random() * 200);
      }
    };
    const running = Array.from({ length: clients }, client);
    const seen: { what: string; reloads: boolean; from: number; ms: number }[] = [];
    const wrong: string[] = [];
    let current: Partial<CacheOptions> = {};
    for (let count = 1; count <= changes; count++) {
      const change = pick(only ? kinds.filter(({ what }) => only.includes(what)) : kinds);
      console.log(change.what);
      const from = Date.now();
      const failed = failures.length;
      current = { ...current, ...change.make(count) };
      await cache.apply(current);
      const ms = Date.now() - from;
      await sleep(300);
      seen.push({ what: change.what, reloads: change.reloads, from, ms });
      const own = failures.slice(failed);
      const span = own.length === 0 ? 0 : (own.at(-1)?.at ?? 0) - (own[0]?.at ?? 0);
      if (change.reloads ? own.length > 0 : span > gapMs) {
        wrong.push(
          `${change.what}: ${own.length} failures in ${span} ms: ${[...new Set(own.map(({ why }) => why))].join(", ")}`,
        );
      }
      t.diagnostic(
        `${change.what}: ${ms} ms, ${own.length} failures in ${span} ms ${[...new Set(own.map(({ why }) => why))].join(", ")}`,
      );
    }
    ended = true;
    await Promise.all(running);
    t.diagnostic(`${pulls} pulls, ${next} of them cold, ${failures.length} by the upstream`);
    assert.deepEqual(wrong, []);
    assert.ok(asked(main.proxy).length >= next);
  });
});
