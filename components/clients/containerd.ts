import { stringify } from "smol-toml";
import type { Upstream } from "../config/schema.ts";
import { type ClientOptions, cacheUrl } from "./cache-address.ts";

/**
 * How long containerd waits for a connection to the cache before it goes to the upstream. It waits so for each request, which makes 7 times for an
 * image of 10 layers, and the whole should stay below 3 s. It is more than the 300 ms after which containerd tries IPv4 where IPv6 doesn't answer.
 * containerd before 2.1 doesn't know the setting, ignores it, and waits 30 s.
 */
export const dialTimeoutMilliseconds = 350;

/**
 * containerd's mirror configuration of one registry, for 1.7 and 2.x alike: the cache first, the upstream as what it falls back to.
 * https://github.com/containerd/containerd/blob/v2.1.0/docs/hosts.md
 */
export function renderHostsToml({ url }: Upstream, { endpoint, ca }: ClientOptions): string {
  return stringify({
    server: url,
    host: {
      [cacheUrl(endpoint)]: {
        capabilities: ["pull", "resolve"],
        dial_timeout: `${dialTimeoutMilliseconds}ms`,
        ...(ca && { ca: ca.file }),
      },
    },
  });
}
