/**
 * Requests for upstreams with `engine: zot`. It answers a manifest when it has the whole image, and blobs only of manifests that it has. So what it says holds only for a while,
 * then it is asked again, and fetches again what it has lost in the meantime. See docs/adr/0024-zot.md.
 */
import { block, type Directive, directive } from "../nginx-conf.ts";
import type { PodOptions } from "../options.ts";
import { zotDestination } from "../registry.ts";
import { ownBlobs } from "./blobs.ts";
import { cached, mutable, requestHeaders } from "./cached.ts";
import { hasZot, silentMark } from "./engines.ts";
import { errorBody } from "./errors.ts";
import { nobody } from "./fills.ts";

/** zot has no prefix before its paths, and so below the upstream's name what others have behind one: see registryPrefix() and zotDestination(). */
const root = `/v2${zotDestination("$upstream")}/`;

/**
 * How long zot may be silent when it is asked for a manifest, since it copies the whole image first: 3.5 GB at 1 Gbps. Longer than that, and clients fall back while it goes on.
 * Under the 30 s after which containerd since 2.3 and zot give up a request without an answer: a refusal, or an old answer, must come before.
 * https://github.com/containerd/containerd/pull/13164
 */
const copySeconds = 28;

/** For the server block, before the location is chosen. */
export function zotRules(options: PodOptions): Directive[] {
  if (!hasZot(options)) return [];
  return [
    directive("set", "$manifest_origin", "origin-$upstream"),
    block("if", "(-f", `${silentMark}$upstream.$moment)`, [directive("set", "$manifest_origin", nobody)]),
  ];
}

/** For the server block. */
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
        // Its silence means work, and says nothing of the next request.
        directive("proxy_read_timeout", `${copySeconds * 1000}ms`),
        // zot lets those who ask for one image at once wait for one copy. Here, they would wait for one after the other who has waited in vain.
        directive("proxy_cache_lock", "off"),
      ],
      { origin: "$manifest_origin", place: ["=", `/zot-${kind}`], root },
    );
  const blobs = ownBlobs(options, ["=", "/zot-blob"], root);
  return [
    // Under another key than distribution's, which hold forever.
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
      // What is asked for is what zot calls the content.
      block: [
        ...(blobs.block ?? []),
        ...requestHeaders({ Connection: "", Accept: "application/octet-stream" }),
      ],
    },
    block("location", "=", "/zot-list", [
      directive(
        "return",
        404,
        errorBody(
          "UNSUPPORTED",
          "this cache lists no tags of this registry, since it knows only those it has: ask the registry",
        ),
      ),
    ]),
  ];
}
