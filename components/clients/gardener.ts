import { type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * An entry of `spec.extensions` of a Shoot: Gardener's registry-mirror extension, which writes hosts.toml on each node. It can't say how long to wait for a connection: a cache that
 * is black-holed costs 30 s for each request.
 * https://github.com/gardener/gardener-extension-registry-cache/blob/main/docs/usage/registry-mirror/configuration.md
 */
export function gardenerExtension({ endpoint, upstreams, ca }: ClientOptions) {
  const host = (url: string) => ({ host: url, capabilities: ["pull", "resolve"] });
  const cache = {
    ...host(cacheUrl(endpoint)),
    // An entry of the Shoot's `spec.resources`, for a Secret with `bundle.crt`.
    ...(ca && { caBundleSecretReferenceName: "registry-cache-ca" }),
  };
  return {
    type: "registry-mirror",
    providerConfig: {
      apiVersion: "mirror.extensions.gardener.cloud/v1alpha1",
      kind: "MirrorConfig",
      mirrors: upstreams.map((upstream) => ({
        upstream: upstream.registry,
        hosts: [cache, ...furtherEndpoints(upstream).map(host)],
      })),
    },
  };
}
