import { stringify } from "smol-toml";
import type { Upstream } from "../config/schema.ts";
import { authority, type ClientOptions } from "./clients.ts";

/**
 * How long containerd waits for a connection to the cache before it goes to the upstream; it does so for each request, so a cache that is
 * black-holed costs this as often. containerd before 2.1 doesn't know the setting, ignores it, and waits 30 s.
 */
const dialTimeout = "1s";

/**
 * containerd's mirror configuration of one registry: the cache first, the upstream as what it falls back to.
 * https://github.com/containerd/containerd/blob/v2.1.0/docs/hosts.md
 */
export function renderHostsToml({ url }: Upstream, { endpoint, caFile }: ClientOptions): string {
  return stringify({
    server: url,
    host: {
      [`https://${authority(endpoint)}`]: {
        capabilities: ["pull", "resolve"],
        dial_timeout: dialTimeout,
        ...(caFile !== undefined && { ca: caFile }),
      },
    },
  });
}
