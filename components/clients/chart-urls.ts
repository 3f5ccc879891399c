import { authority, type ClientOptions, pathAtCache } from "./cache-address.ts";

/** From the beginning of a chart's URL at its registry to that at the cache: `oci://ghcr.io` to `oci://cache.example.com/ghcr.io`. */
export type ChartUrls = Readonly<Record<string, string>>;

/**
 * Helm and Flux know no mirrors: the chart's URL itself must name the cache, and then there is no fallback. Of Flux that is the `url` of an
 * OCIRepository, or of a HelmRepository of type `oci`; both take an authority by `certSecretRef`, Helm by `--ca-file`.
 * https://fluxcd.io/flux/components/source/ocirepositories/ and https://helm.sh/docs/topics/registries/
 */
export function chartUrls(options: ClientOptions): ChartUrls {
  return Object.fromEntries(
    options.upstreams.flatMap((upstream) => {
      const path = pathAtCache(upstream, options);
      return path === undefined
        ? []
        : [[`oci://${upstream.registry}`, `oci://${authority(options.endpoint)}${path}`]];
    }),
  );
}
