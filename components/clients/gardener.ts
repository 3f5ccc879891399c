import { type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/** An entry of `spec.extensions` of a Shoot. */
export interface GardenerExtension {
  readonly type: "registry-mirror";
  readonly providerConfig: {
    readonly apiVersion: "mirror.extensions.gardener.cloud/v1alpha1";
    readonly kind: "MirrorConfig";
    readonly mirrors: readonly { readonly upstream: string; readonly hosts: readonly GardenerMirrorHost[] }[];
  };
}

interface GardenerMirrorHost {
  readonly host: string;
  readonly capabilities: readonly ["pull", "resolve"];
  /** An entry of the Shoot's `spec.resources`, for a Secret with `bundle.crt`. */
  readonly caBundleSecretReferenceName?: "registry-cache-ca";
}

/**
 * Gardener's registry-mirror extension, which writes hosts.toml on each node. It can't say how long to wait for a connection: a cache that is black-holed costs 30 s for
 * each request.
 * https://github.com/gardener/gardener-extension-registry-cache/blob/main/docs/usage/registry-mirror/configuration.md
 */
export function gardenerExtension({ endpoint, upstreams, ca }: ClientOptions): GardenerExtension {
  const host = (url: string): GardenerMirrorHost => ({ host: url, capabilities: ["pull", "resolve"] });
  const cache = {
    ...host(cacheUrl(endpoint)),
    ...(ca && { caBundleSecretReferenceName: "registry-cache-ca" as const }),
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
