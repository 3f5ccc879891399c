/** Finds the upstreams with `engine: zot`. Their requests have separate locations: see zot.ts. A Pod without such upstreams has no trace of this. */
import type { Upstream } from "../../config/schema.ts";
import { isZot } from "../../config/upstream.ts";
import { block, type Directive, directive, regexLiteral } from "../nginx-conf.ts";
import { edgePaths } from "./paths.ts";

type Upstreams = { readonly upstreams: readonly Pick<Upstream, "name" | "engine">[] };

/** The prefix of marker files, followed by an upstream's name, a dot and `$moment`. They exist while the keeper (see keeper.sh) finds the upstream silent. */
export const silentMark = `${edgePaths.cache}/tmp/silent-`;

export function hasZot({ upstreams }: Upstreams): boolean {
  return upstreams.some(isZot);
}

/** The variable with the location for requests of a kind. */
export function kindVariable(options: Upstreams): string {
  return hasZot(options) ? "$engine$kind" : "$kind";
}

/** For the http block: the variables for requests to upstreams with `engine: zot`. Empty without such upstreams. */
export function engineMaps(options: Upstreams): Directive[] {
  if (!hasZot(options)) return [];
  const names = options.upstreams.filter(isZot).map(({ name }) => regexLiteral(name));
  return [
    block("map", "$kind $upstream", "$engine", [
      directive("default", ""),
      directive(`~^(?:manifest|tag|blob|list|referrers) (?:${names.join("|")})$`, "zot-"),
    ]),
    // The time in tens of seconds. A marker of the keeper names the one in which it is valid.
    block("map", "$msec", "$moment", [directive("~^(?<tens>\\d+)\\d\\.", "$tens")]),
    // Only the query parameter that the specification has: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
    block("map", "$arg_artifacttype", "$referrers_query", [
      directive("default", ""),
      directive("~^[A-Za-z0-9!$&^_.+%/-]{1,255}$", "?artifactType=$arg_artifacttype"),
    ]),
  ];
}
