import type { Endpoint, Upstream } from "../config/schema.ts";
import { renderHostsToml } from "./containerd.ts";
import { renderRegistriesConf } from "./registries-conf.ts";

/** What clients put where, to ask the cache first. */
export interface ClientConfiguration {
  /** Per registry the content of `/etc/containerd/certs.d/<registry>/hosts.toml`. */
  readonly containerd: Readonly<Record<string, string>>;
  /** Content of a file in `/etc/containers/registries.conf.d/`: podman, CRI-O, Buildah, Skopeo. */
  readonly registriesConf: string;
}

export interface ClientOptions {
  readonly endpoint: Pick<Endpoint, "hostname" | "port">;
  readonly upstreams: readonly Upstream[];
  /** Absolute path, on the client, of the authority that it has to trust. Default: a public authority. */
  readonly caFile?: string;
}

export function clientConfiguration(options: ClientOptions): ClientConfiguration {
  return {
    containerd: Object.fromEntries(
      options.upstreams.map((upstream) => [upstream.registry, renderHostsToml(upstream, options)]),
    ),
    registriesConf: renderRegistriesConf(options),
  };
}

/** `host`, or `host:port` where the port isn't that of HTTPS. */
export function authority({ hostname, port }: ClientOptions["endpoint"]): string {
  return port === 443 ? hostname : `${hostname}:${port}`;
}
