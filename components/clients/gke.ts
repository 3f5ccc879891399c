import { stringify } from "yaml";
import { type ClientOptions, cacheUrl, dialTimeoutOf } from "./cache-address.ts";

const capabilities = ["HOST_CAPABILITY_PULL", "HOST_CAPABILITY_RESOLVE"];

/**
 * A runtime configuration file of GKE, for `gcloud … --containerd-config-from-file`. The upstream is a host, too, because the server is the registry by its name, and
 * Docker Hub doesn't answer at that. GKE takes an authority only from Secret Manager: put the name of the secret in.
 * https://docs.cloud.google.com/kubernetes-engine/docs/how-to/customize-containerd-configuration
 */
export function renderGkeRuntimeConfiguration(options: ClientOptions): string {
  const { endpoint, upstreams, ca } = options;
  const authority = [{ gcpSecretManagerSecretUri: "projects/PROJECT/secrets/SECRET/versions/1" }];
  return stringify(
    {
      registryHosts: upstreams.map(({ registry, url }) => ({
        server: registry,
        hosts: [
          {
            host: cacheUrl(endpoint),
            capabilities,
            dialTimeout: `${dialTimeoutOf(options) / 1000}s`,
            ...(ca && { ca: authority }),
          },
          { host: url, capabilities },
        ],
      })),
    },
    { aliasDuplicateObjects: false },
  );
}
