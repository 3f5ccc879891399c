import { stringify } from "yaml";
import { authority, type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * The registry configuration of k3s and RKE2, which render containerd's hosts.toml from it at each start. Their fallback is the registry by its
 * name, unless `--disable-default-registry-endpoint` is set. The format has no setting for the connection timeout, so a black-holed cache
 * delays each request by 30 s.
 * https://docs.k3s.io/installation/private-registry
 */
export function renderRegistriesYaml({ endpoint, upstreams, ca }: ClientOptions): string {
  return stringify({
    mirrors: Object.fromEntries(
      upstreams.map((upstream) => [
        upstream.registry,
        { endpoint: [cacheUrl(endpoint), ...furtherEndpoints(upstream)] },
      ]),
    ),
    ...(ca && { configs: { [authority(endpoint)]: { tls: { ca_file: ca.file } } } }),
  });
}
