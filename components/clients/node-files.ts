import type { ClientOptions } from "./cache-address.ts";
import { renderHostsToml } from "./containerd.ts";

/** A file of a node whose runtime is containerd. */
export interface NodeFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
}

/** All that containerd reads: the authority first, because containerd pulls nothing while a hosts.toml names one that isn't there. */
export function nodeFiles(options: ClientOptions): NodeFile[] {
  const { ca, upstreams } = options;
  return [
    ...(ca ? [{ path: ca.file, content: ca.certificate }] : []),
    ...upstreams.map((upstream) => ({
      path: `/etc/containerd/certs.d/${upstream.registry}/hosts.toml`,
      content: renderHostsToml(upstream, options),
    })),
  ];
}
