import { registryUrl } from "../config/upstream.ts";
import { authority, type ClientOptions, pathAtCache } from "./cache-address.ts";

/** Maps the beginning of a chart's URL at its registry to that at the cache: `oci://ghcr.io` to `oci://cache.example.com/ghcr.io`. */
export type ChartUrls = Readonly<Record<string, string>>;

/**
 * Helm and Flux don't support mirrors. So the chart's URL itself must name the cache, without a fallback. In Flux, this is the `url` of an
 * OCIRepository, or of a HelmRepository of type `oci`. Both accept a private authority in `certSecretRef`, Helm in `--ca-file`.
 * https://fluxcd.io/flux/components/source/ocirepositories/ and https://helm.sh/docs/topics/registries/
 */
export function chartUrls(options: ClientOptions): ChartUrls {
  return Object.fromEntries(
    options.upstreams.flatMap((upstream) => {
      const path = pathAtCache(upstream, options);
      if (path === undefined) return [];
      // Charts of Docker Hub name its host, not `docker.io`.
      const names = new Set([upstream.registry, new URL(registryUrl(upstream.registry)).host]);
      return [...names].map((name) => [`oci://${name}`, `oci://${authority(options.endpoint)}${path}`]);
    }),
  );
}
