import { stringify } from "smol-toml";
import { type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * Settings of Bottlerocket, as user data or for `apiclient`. Its fallback is the registry by its name. Since 1.56, it sorts the endpoints of a registry, so only an endpoint that
 * sorts after the cache can follow it: https://github.com/bottlerocket-os/bottlerocket-core-kit/pull/819. It has no setting for the connection timeout, so a black-holed cache
 * delays each request by 30 s.
 * https://bottlerocket.dev/en/os/1.54.x/api/settings/container-registry/ and https://bottlerocket.dev/en/os/1.54.x/api/settings/pki/
 */
export function renderBottlerocketSettings({ endpoint, upstreams, ca }: ClientOptions): string {
  const cache = cacheUrl(endpoint);
  return stringify({
    settings: {
      "container-registry": {
        mirrors: upstreams.map((upstream) => ({
          registry: upstream.registry,
          endpoint: [cache, ...furtherEndpoints(upstream).filter((url) => url > cache)],
        })),
      },
      ...(ca && {
        pki: { "registry-cache": { data: Buffer.from(ca.certificate).toString("base64"), trusted: true } },
      }),
    },
  });
}
