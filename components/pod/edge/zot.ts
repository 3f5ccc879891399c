/**
 * Requests for upstreams with `engine: zot`. zot returns a manifest when it has the whole image, and only blobs of manifests that it has. So the edge caches its answers for a
 * limited time. Then it asks again, and zot fetches what it has lost in the meantime. See docs/adr/0024-zot.md.
 */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { zotDestination } from "../registry.ts";
import { ownBlobs } from "./blobs.ts";
import { cached, mutable, requestHeaders } from "./cached.ts";
import { hasZot, silentMark } from "./engines.ts";
import { refusal } from "./errors.ts";
import { nobody } from "./fills.ts";

/** zot supports no prefix before its paths, so its repositories are below the upstream's name instead: see registryPrefix() and zotDestination(). */
const root = `/v2${zotDestination("$upstream")}/`;

/**
 * How long zot may be silent for a manifest, because it first copies the whole image: 3.5 GB at 1 Gbps. If it takes longer, clients fall back while zot continues. Less than
 * the 30 s after which containerd (since 2.3) and zot abandon a request without an answer, because a refusal or a stale answer must come earlier.
 * https://github.com/containerd/containerd/pull/13164
 */
const copySeconds = 28;

/** For the server block, before the location is chosen: `$manifest_origin`, which answers 503 immediately while the upstream is silent. */
export function zotRules(options: PodOptions): Directive[] {
  if (!hasZot(options)) return [];
  return [
    directive("set", "$manifest_origin", "origin-$upstream"),
    block("if", "(-f", `${silentMark}$upstream.$moment)`, [directive("set", "$manifest_origin", nobody)]),
  ];
}

/** For the server block: the locations of requests to upstreams with `engine: zot`. */
export function zotLocations(options: PodOptions): Directive[] {
  if (!hasZot(options)) return [];
  const answers = (name: string, key: string, path: string, { kind = name, zone = "manifests" } = {}) =>
    cached(
      name,
      zone,
      key,
      path,
      [
        ...mutable(options.region),
        // A silent zot is busy with a copy, which says nothing about the next request.
        directive("proxy_read_timeout", `${copySeconds * 1000}ms`),
        // zot itself lets simultaneous requests for an image wait for one copy. With nginx's lock, they would time out one after the other.
        directive("proxy_cache_lock", "off"),
      ],
      { origin: "$manifest_origin", place: ["=", `/zot-${kind}`], root },
    );
  const blobs = ownBlobs(options, ["=", "/zot-blob"], root);
  return [
    // With another cache key than distribution's manifests, which are valid forever.
    answers("pinned", "$upstream $digest", "manifests/$digest", { kind: "manifest" }),
    answers("tag", "$upstream $repository:$tag", "manifests/$tag"),
    answers(
      "referrers",
      "$upstream $repository $digest$referrers_query",
      "referrers/$digest$referrers_query",
      { zone: "lists" },
    ),
    {
      ...blobs,
      // zot's media type for blobs.
      block: [
        ...(blobs.block ?? []),
        ...requestHeaders({ Connection: "", Accept: "application/octet-stream" }),
      ],
    },
    block("location", "=", "/zot-list", [
      refusal(
        404,
        "UNSUPPORTED",
        "this cache lists no tags of this registry, since it knows only those it has: ask the registry",
      ),
    ]),
  ];
}
