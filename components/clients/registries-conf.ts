import { stringify } from "smol-toml";
import { authority, type ClientOptions, pathAtCache } from "./cache-address.ts";

/**
 * containers-registries.conf(5) with the cache as a mirror of each registry; what the mirror doesn't give comes from the registry itself. These
 * clients don't say which registry they mean, so the mirror's location does. A private authority goes to `/etc/containers/certs.d/<host:port>/`,
 * which this format can't say; nor can it say how long to wait for a connection.
 * https://github.com/containers/image/blob/v5.36.0/docs/containers-registries.conf.5.md
 */
export function renderRegistriesConf(options: ClientOptions): string {
  return stringify({
    registry: options.upstreams.map((upstream) => {
      const path = pathAtCache(upstream, options);
      return {
        prefix: upstream.registry,
        location: new URL(upstream.url).host,
        ...(upstream.url.startsWith("http:") && { insecure: true }),
        mirror: path === undefined ? [] : [{ location: authority(options.endpoint) + path }],
      };
    }),
  });
}
