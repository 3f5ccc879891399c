import { authority, type ClientOptions } from "./cache-address.ts";

/**
 * Values of the Helm chart `cluster`, from 4.6.0. The endpoints have no scheme, because the chart adds one: `https://` would become `https://https://`.
 *
 * The chart writes each node's hosts.toml from this: a cache in the node's cluster (`localRegistryCache`), the management cluster's zot
 * (`managementClusterRegistryCache`, on by default), then these mirrors in order, then the registry by its name. It has no settings for an
 * authority or the connection timeout, so a black-holed cache delays each request by 30 s.
 * https://github.com/giantswarm/cluster/blob/v8.0.0/helm/cluster/values.yaml
 */
export function clusterChartValues({ endpoint, upstreams }: ClientOptions) {
  const cache = { endpoint: authority(endpoint) };
  const containerRegistries = Object.fromEntries(
    upstreams.map(({ registry, url }) => [registry, [cache, upstreamMirror(url)]]),
  );
  return { global: { components: { containerd: { containerRegistries } } } };
}

function upstreamMirror(url: string) {
  const { host, protocol } = new URL(url);
  return { endpoint: host, ...(protocol === "http:" && { insecure: true }) };
}
