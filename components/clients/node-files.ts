import type { ClientOptions } from "./cache-address.ts";
import { hostsTomlPath, renderHostsToml } from "./containerd.ts";

/**
 * All files for containerd on a node, with absolute paths. The authority comes first, because containerd pulls nothing while a hosts.toml names a missing file. Each content ends with a
 * newline, because a here-document needs one.
 */
export function nodeFiles(options: ClientOptions) {
  const { ca, upstreams } = options;
  return [
    ...(ca ? [{ path: ca.file, content: ca.certificate.replace(/\n?$/, "\n") }] : []),
    ...upstreams.map((upstream) => ({
      path: hostsTomlPath(upstream.registry),
      content: renderHostsToml(upstream, options),
    })),
  ];
}
