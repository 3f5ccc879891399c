import { globPattern } from "../../config/repositories.ts";
import type { Upstream } from "../../config/schema.ts";
import { hasPathPrefix } from "../../config/upstream.ts";
import { block, type Directive, directive, literal, regexLiteral } from "../nginx-conf.ts";

/**
 * Maps a request to an upstream and a repository, or to a refusal. All decisions use `$request_uri`, the request target as the client sent it.
 * Only a target that is, byte for byte, a canonical path of the OCI distribution API passes. The path for the origin is built from the matched
 * parts. So no encoding, dot segment or double slash can mean one thing to the edge and another to the origin.
 *
 * Grammars: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests and
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests. Segments are atomic groups, so matching takes linear time.
 */
const segment = "(?>[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*)";
const repository = `(?<repository>${segment}(?:/${segment})*)`;
const tag = "(?<tag>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})";
const digest = "(?<digest>sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})";
const query = "(?:\\?\\S*)?";
const last = "(?<list_last>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})";

/** The maximum length of a repository's name: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
const repositoryMaxLength = 255;

/** For the http block: the variables of a request, such as `$kind`, `$upstream`, `$repository` and `$verdict`. */
export function routing(upstreams: readonly Upstream[]): Directive[] {
  const prefixes = upstreams.filter(hasPathPrefix).map(({ registry }) => regexLiteral(registry));
  const prefix = prefixes.length > 0 ? `(?:(?<path_registry>${prefixes.join("|")})/)?` : "";
  const pathRegistry = prefixes.length > 0 ? "$path_registry" : "";
  const target = (rest: string) => `~^/v2/${prefix}${repository}/${rest}${query}$`;
  return [
    block("map", "$request_uri", "$kind", [
      directive("default", "none"),
      directive(`~^/v2/?${query}$`, "ping"),
      directive(target(`manifests/${digest}`), "manifest"),
      directive(target(`manifests/${tag}`), "tag"),
      directive(target(`blobs/${digest}`), "blob"),
      directive(target("tags/list"), "list"),
      directive(target(`referrers/${digest}`), "referrers"),
    ]),
    // $kind must come first in the key, because its evaluation sets the captures that follow.
    block("map", `$kind ${pathRegistry}|$arg_ns`, "$upstream", [
      directive("default", ""),
      ...upstreams.flatMap((upstream, index) => upstreamKeys(upstream, index === 0)),
    ]),
    block("map", "$kind $upstream $repository", "$verdict", [
      directive("default", "unknown"),
      directive("~^ping ", "allow"),
      ...upstreams.flatMap(({ name, repositories }) =>
        repositories.map((glob) =>
          directive(
            `~^\\w+ ${regexLiteral(name)} (?=.{1,${repositoryMaxLength}}$)(?:${globPattern(glob)})$`,
            "allow",
          ),
        ),
      ),
    ]),
    // Of a query, an origin gets only the paging parameters of `tags/list`, and only if they are well-formed.
    block("map", "$arg_n", "$list_n", [directive("default", ""), directive("~^[0-9]{1,4}$", "n=$arg_n")]),
    block("map", "$list_n|$arg_last", "$list_query", [
      directive("default", ""),
      directive("~^n=[0-9]+\\|$", "?$list_n"),
      // distribution's proxy ignores `last` without `n`. If the list is longer than `n`, the answer links to the rest.
      directive(`~^\\|${last}$`, "?n=1000&last=$list_last"),
      directive(`~^n=[0-9]+\\|${last}$`, "?$list_n&last=$list_last"),
    ]),
    // The link to the next page has the form of the client's request: with a path prefix, or with `?ns=`. It omits the registry's own prefix, which lists
    // from older versions of the cache don't have.
    block("map", `${pathRegistry}|$arg_ns $upstream_http_link`, "$list_link", [
      directive("default", "$upstream_http_link"),
      directive(
        "~^(?<link_registry>[^|]+)\\|\\S* </(?:[^/]+/)?v2/(?<link_rest>.+)$",
        "</v2/$link_registry/$link_rest",
      ),
      directive(
        "~^\\|(?<link_ns>\\S+) <(?:/[^/]+)?(?<link_target>/v2/[^>]+)>(?<link_rest>.*)$",
        "<$link_target&ns=$link_ns>$link_rest",
      ),
      directive("~^\\| </(?:[^/]+/)?v2/(?<link_rest>.+)$", "</v2/$link_rest"),
    ]),
  ];
}

/** The forms in which clients name the upstream: `?ns=` (containerd), a path prefix (podman, CRI-O, Helm), or neither for the default upstream. */
function upstreamKeys({ name, registry }: Upstream, isDefault: boolean): Directive[] {
  const ns = regexLiteral(registry).replaceAll(":", "(?::|%3[Aa])");
  const path = regexLiteral(registry);
  const spellings = [`\\|${ns}`, ...(isDefault ? ["\\|"] : [])];
  if (hasPathPrefix({ registry })) spellings.push(`${path}\\|(?:${ns})?`);
  return [directive(`~^\\w+ (?:${spellings.join("|")})$`, literal(name))];
}

/** The path of a repository for clients that send no `?ns=`. A registry with a port works only as the default upstream. */
export function repositoryPath({ registry, repository }: { registry: string; repository: string }): string {
  return hasPathPrefix({ registry }) ? `${registry}/${repository}` : repository;
}
