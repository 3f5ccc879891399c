import { block, type Directive, directive } from "../nginx-conf.ts";
import { registryPrefix } from "../registry.ts";

/** How long others wait for the one who fills the cache before they would go to the origin themselves: longer than any fill. */
export const fillSeconds = 3600;

/** What is asked of a registry. @param origin its group of servers @param path behind the repository */
export function passTo(origin: string, path: string): Directive {
  return directive("proxy_pass", `http://${origin}${registryPrefix("$upstream")}v2/$repository/${path}`);
}

/**
 * A location of the requests of one kind: what is asked of the origin, and under which key it is kept.
 * @param options `origin`: its group of servers; `place`: the location's arguments. @default the one that the kind's requests are led to
 */
export function cached(
  kind: string,
  zone: string,
  key: string,
  path: string,
  directives: readonly Directive[],
  { origin = "origin-$upstream", place = ["=", `/${kind}`] }: { origin?: string; place?: string[] } = {},
): Directive {
  return block("location", place, [
    passTo(origin, path),
    directive("proxy_cache", zone),
    directive("proxy_cache_key", `${kind} ${key}`),
    // Just started, nginx takes the second of two first requests for an object for a miss while a thread reads it for the first. These are small: no thread is needed.
    ...(zone === "manifests" ? [directive("aio", "off")] : []),
    ...directives,
  ]);
}
