/** Which of a Pod's upstreams zot fetches from: their requests have locations of their own, see zot.ts. A Pod without them has nothing of this. */
import type { Upstream } from "../../config/schema.ts";
import { isZot } from "../../config/upstream.ts";
import { block, type Directive, directive, regexLiteral } from "../nginx-conf.ts";
import { edgePaths } from "./paths.ts";

type Upstreams = { readonly upstreams: readonly Pick<Upstream, "name" | "engine">[] };

/** With an upstream's name, a dot and `$moment` at the end: there while the keeper (see keeper.sh) finds that the upstream is silent. */
export const silentMark = `${edgePaths.cache}/tmp/silent-`;

export function hasZot({ upstreams }: Upstreams): boolean {
  return upstreams.some(isZot);
}

/** The location that a kind's requests are led to. */
export function kindVariable(options: Upstreams): string {
  return hasZot(options) ? "$engine$kind" : "$kind";
}

/** For the http block. */
export function engineMaps(options: Upstreams): Directive[] {
  if (!hasZot(options)) return [];
  const names = options.upstreams.filter(isZot).map(({ name }) => regexLiteral(name));
  return [
    block("map", "$kind $upstream", "$engine", [
      directive("default", ""),
      directive(`~^(?:manifest|tag|blob|list|referrers) (?:${names.join("|")})$`, "zot-"),
    ]),
    // In tens of seconds. A mark of the keeper's counts only in these.
    block("map", "$msec", "$moment", [directive("~^(?<tens>\\d+)\\d\\.", "$tens")]),
    // As much of the query as the specification has: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
    block("map", "$arg_artifacttype", "$referrers_query", [
      directive("default", ""),
      directive("~^[A-Za-z0-9!$&^_.+%/-]{1,255}$", "?artifactType=$arg_artifacttype"),
    ]),
  ];
}
