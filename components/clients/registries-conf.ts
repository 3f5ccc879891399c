import { stringify } from "smol-toml";
import { authority, type ClientOptions, furtherEndpoints, pathAtCache } from "./cache-address.ts";

/**
 * containers-registries.conf(5) with the cache as a mirror of each registry, and the registry itself as the fallback. These clients don't name the
 * registry in their requests, so the mirror's location does. The format has no setting for a private authority, which belongs in
 * `/etc/containers/certs.d/<authority>/`, and none for the connection timeout. Docker Hub's location is
 * `docker.io`: with its host, passwords that a caller passes, such as CRI-O's pull secrets, would be left out
 * (https://github.com/containers/image/blob/v5.36.2/docker/docker_image_src.go#L139-L145).
 * https://github.com/containers/image/blob/v5.36.0/docs/containers-registries.conf.5.md
 */
export function renderRegistriesConf(options: ClientOptions): string {
  return stringify({
    registry: options.upstreams.map((upstream) => {
      const path = pathAtCache(upstream, options);
      const [other] = furtherEndpoints(upstream);
      return {
        prefix: upstream.registry,
        location: other === undefined ? upstream.registry : new URL(other).host,
        ...(upstream.url.startsWith("http:") && { insecure: true }),
        mirror: path === undefined ? [] : [{ location: authority(options.endpoint) + path }],
      };
    }),
  });
}
