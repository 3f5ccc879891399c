import { type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * An entry of `spec.extensions` of a Shoot: Gardener's registry-mirror extension, which writes hosts.toml on each node. It has no setting for the connection timeout, so a black-holed
 * cache delays each request by 30 s.
 * https://github.com/gardener/gardener-extension-registry-cache/blob/main/docs/usage/registry-mirror/configuration.md
 */
export function gardenerExtension({ endpoint, upstreams, ca }: ClientOptions) {
  const host = (url: string) => ({ host: url, capabilities: ["pull", "resolve"] });
  const cache = {
    ...host(cacheUrl(endpoint)),
    // Refers to an entry of the Shoot's `spec.resources`, for a Secret with the key `bundle.crt`.
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
