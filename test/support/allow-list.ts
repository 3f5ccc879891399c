/** A cache with an allow-list, registries behind it that hold more than it allows, and assertions that hold for every request. */
import assert from "node:assert/strict";
import { type Content, sha256 } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { startCache, type TestCache } from "./cache.ts";
import { asked, frontedUpstream } from "./chain.ts";
import type { Recorded } from "./fault-proxy.ts";
import type { Answer } from "./http.ts";
import { randomImage } from "./images.ts";

/** The allow-lists, each in two forms: the cache's globs, and the test's own predicate. */
const upstreams = [
  {
    name: "gsoci",
    registry: "registry.test",
    repositories: ["giantswarm/**", "charts/giantswarm/*"],
    allows: (repository: string) =>
      repository.startsWith("giantswarm/") || /^charts\/giantswarm\/[^/]+$/.test(repository),
  },
  {
    name: "other",
    registry: "other.test",
    repositories: ["public/tool"],
    allows: (repository: string) => repository === "public/tool",
  },
  {
    name: "ported",
    registry: "registry.test:5000",
    repositories: ["ported/**"],
    allows: (repository: string) => repository.startsWith("ported/"),
  },
];

/** The repositories that every registry has: those that an upstream allows, and some that none allows. */
const repositories = ["giantswarm/app", "public/tool", "ported/app", "secret/app", "giantswarm"];

const name = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const reference =
  /^(?:manifests\/(?:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})|blobs\/(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})|tags\/list)$/;

/** Whether an origin may send this request to its upstream. */
function isAllowed({ method, path, query }: Recorded, allows: (repository: string) => boolean): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  if (path === "/v2/") return query === "";
  const [, repository = "", rest = ""] =
    path.match(/^\/v2\/(.+)\/((?:manifests|blobs)\/[^/]+|tags\/list)$/) ?? [];
  const queryAllowed =
    query === "" || (rest === "tags/list" && /^\?(?:last=[\w.-]+&)?n=\d+(?:&last=[\w.-]+)?$/.test(query));
  return (
    repository.length <= 255 &&
    name.test(repository) &&
    reference.test(rest) &&
    allows(repository) &&
    queryAllowed
  );
}

export interface AllowListed {
  readonly cache: TestCache;
  /** An image, pushed to every repository of every registry. */
  readonly image: Content;
  /** Requests to all upstreams since the last call. Throws when an upstream got a request for something outside its allow-list. */
  asked(): string[];
}

export async function allowListed(parts: AsyncDisposableStack): Promise<AllowListed> {
  const image = await randomImage({ repository: "", tag: "1", layerMB: 1, seed: "image" });
  const fronted = await Promise.all(
    upstreams.map(async (upstream) => {
      const { registry, proxy } = await frontedUpstream(parts);
      for (const repository of repositories) await push(registry.url, { ...image, repository });
      return { ...upstream, proxy };
    }),
  );
  const entries = fronted.map(({ name, registry, repositories, proxy }) => ({
    name,
    registry,
    repositories,
    url: proxy.url.origin,
  }));
  const cache = parts.use(await startCache({ upstreams: entries }));
  return {
    cache,
    image,
    asked() {
      return fronted.flatMap(({ name, allows, proxy }) => {
        const refused = proxy.requests.filter((request) => !isAllowed(request, allows));
        const requests = asked(proxy);
        proxy.forget();
        assert.deepEqual(refused, [], `the upstream ${name} was asked`);
        return requests;
      });
    },
  };
}

const errorCodes = /^(?:NAME_UNKNOWN|MANIFEST_UNKNOWN|BLOB_UNKNOWN|UNSUPPORTED|DENIED|UNAVAILABLE)$/;

/** Asserts an error that an OCI client understands, and after which containerd immediately asks the next host. */
export function assertOciError(answer: Answer | undefined, { head = false } = {}): void {
  assert.ok(answer, "no HTTP answer");
  const { status, headers, body } = answer;
  assert.ok([403, 404, 405, 412, 416, 503].includes(status), `status ${status}`);
  assert.equal(headers["content-type"], "application/json");
  if (status === 405) assert.equal(headers.allow, "GET, HEAD");
  if (head) {
    assert.equal(body.length, 0);
    return;
  }
  assert.equal(headers["content-length"], String(body.length));
  const { errors } = JSON.parse(body.toString());
  assert.ok(Array.isArray(errors) && errors.length > 0);
  for (const { code, message } of errors) {
    assert.match(code, errorCodes);
    assert.equal(typeof message, "string");
  }
}

/** Asserts an answer that anyone may get: the API's ping, allowed content, a 304 in place of either, or an OCI error. */
export function assertHarmless(answer: Answer | undefined, { head = false } = {}): void {
  assert.ok(answer, "no HTTP answer");
  const { status, headers, body } = answer;
  if (status === 304) {
    assert.equal(body.length, 0);
  } else if (status !== 200) {
    assertOciError(answer, { head });
  } else if (headers["docker-content-digest"] && !head) {
    assert.equal(headers["docker-content-digest"], sha256(body));
  } else if (!head) {
    JSON.parse(body.toString());
  }
}
