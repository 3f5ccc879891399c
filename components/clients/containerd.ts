import { stringify } from "smol-toml";
import type { Upstream } from "../config/schema.ts";
import { type ClientOptions, cacheUrl, dialTimeoutOf } from "./cache-address.ts";

/** containerd's configuration directory, by default and in the clouds' images: https://github.com/containerd/containerd/blob/v2.4.0/docs/hosts.md */
export const certsDirectory = "/etc/containerd/certs.d";

/** Path of the hosts.toml of one registry. */
export function hostsTomlPath(registry: string): string {
  return `${certsDirectory}/${registry}/hosts.toml`;
}

/**
 * containerd's mirror configuration for one registry, for 1.7 and 2.x: the cache first, the upstream as the fallback.
 * https://github.com/containerd/containerd/blob/v2.1.0/docs/hosts.md
 */
export function renderHostsToml({ url }: Upstream, options: ClientOptions): string {
  const { endpoint, ca } = options;
  return stringify({
    server: url,
    host: {
      [cacheUrl(endpoint)]: {
        capabilities: ["pull", "resolve"],
        dial_timeout: `${dialTimeoutOf(options)}ms`,
        ...(ca && { ca: ca.file }),
      },
    },
  });
}
