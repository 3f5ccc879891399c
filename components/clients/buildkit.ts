import { stringify } from "smol-toml";
import { authority, type ClientOptions, furtherEndpoints } from "./cache-address.ts";

/**
 * buildkitd.toml: the cache as a mirror of each registry, then the registry by its name. BuildKit names the registry in its requests. Its connection
 * timeout is 30 s, and no setting changes that.
 * https://github.com/moby/buildkit/blob/v0.34.2/docs/buildkitd.toml.md
 */
export function renderBuildkitdToml({ endpoint, upstreams, ca }: ClientOptions): string {
  const cache = authority(endpoint);
  const further = upstreams.flatMap(furtherEndpoints).map((url) => new URL(url));
  return stringify({
    registry: {
      ...Object.fromEntries(
        upstreams.map((upstream) => {
          const others = furtherEndpoints(upstream).map((url) => new URL(url).host);
          return [upstream.registry, { mirrors: [cache, ...others] }];
        }),
      ),
      ...Object.fromEntries(further.map(({ host, protocol }) => [host, { http: protocol === "http:" }])),
      // Without `http`, BuildKit uses plain HTTP for a name like localhost.
      [cache]: { http: false, ...(ca && { ca: [ca.file] }) },
    },
  });
}
