import { stringify } from "yaml";
import { type ClientOptions, cacheUrl, dialTimeoutOf } from "./cache-address.ts";

const capabilities = ["HOST_CAPABILITY_PULL", "HOST_CAPABILITY_RESOLVE"];

/**
 * A runtime configuration file of GKE, for `gcloud … --containerd-config-from-file`. The upstream is also a host, because the server is the registry by its name, where
 * Docker Hub doesn't answer. GKE accepts an authority only from Secret Manager: the user fills in the name of the secret.
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
