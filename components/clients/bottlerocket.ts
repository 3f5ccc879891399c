import { stringify } from "smol-toml";
import { type ClientOptions, cacheUrl, furtherEndpoints } from "./cache-address.ts";

/**
 * Settings of Bottlerocket, as user data or for `apiclient`. Its fallback is the registry by its name. No setting says how long to wait for a
 * connection: a cache that is black-holed costs 30 s for each request.
 * https://bottlerocket.dev/en/os/1.54.x/api/settings/container-registry/ and https://bottlerocket.dev/en/os/1.54.x/api/settings/pki/
 */
export function renderBottlerocketSettings({ endpoint, upstreams, ca }: ClientOptions): string {
  return stringify({
    settings: {
      "container-registry": {
        mirrors: upstreams.map((upstream) => ({
          registry: upstream.registry,
          endpoint: [cacheUrl(endpoint), ...furtherEndpoints(upstream)],
        })),
      },
      ...(ca && {
        pki: {
          "registry-cache": { data: Buffer.from(ca.certificate).toString("base64"), trusted: true },
        },
      }),
    },
  });
}
