/**
 * What a machine in Azure is told, uncompressed, as files to review. After an intended change: `npm run generate`.
 * cloud-config.yaml is all of it without the content of the files that it writes; these are below, by their path on the machine.
 */
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import { parse, parseAllDocuments, stringify } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import type { AzureVmRegion } from "../../components/config/schema.ts";
import { azureUserData } from "../../components/hosts/azure/user-data.ts";
import { testGolden } from "../support/golden.ts";

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
}

const subscription = "11111111-1111-4111-8111-111111111111";
const resourceGroup = "registry-cache-westeurope";

/** The files by their path in the folder. Copies of files of the sources are left out. */
function render(): Record<string, string> {
  const config = parseConfig({
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: {
          hostname: "cache.westeurope.example.com",
          zone: "example.com",
          zoneResourceGroup: "dns",
          tls: { mode: "acme", email: "platform@example.com" },
        },
        access: { clients: ["203.0.113.0/24"], metrics: ["198.51.100.10/32"] },
      },
    ],
    upstreams: [
      {
        name: "gsoci",
        registry: "gsoci.azurecr.io",
        repositories: ["giantswarm/**", "charts/giantswarm/**"],
      },
      { name: "team", registry: "team.example.com", repositories: ["**"], credentials: "team-login" },
    ],
    "team-login": { username: "reader", password: { secure: "v1:ciphertext" } },
    monitoring: { labels: { team: "platform" } },
  });
  const packed = azureUserData({
    ...config,
    region: config.regions[0] as AzureVmRegion,
    diskGiB: 240,
    clientId: "33333333-3333-4333-8333-333333333333",
    subscription,
    resourceGroup,
    storedSecrets: {
      "credentials-team": `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef/secrets/credentials-team`,
    },
  });
  const { write_files: written, ...rest }: CloudConfig = parse(gunzipSync(packed).toString());
  const outline = written.map(({ content: _, ...file }) => file);
  return {
    "cloud-config.yaml": `#cloud-config\n${stringify({ ...rest, write_files: outline })}`,
    ...Object.fromEntries(
      written
        .filter(({ path }) => !path.endsWith(".sh") && !path.endsWith("/fetch-secret"))
        .map(({ path, content }) => [
          path.slice(1),
          path.endsWith("/pod.yaml") ? withoutScripts(content) : content,
        ]),
    ),
  };
}

function withoutScripts(manifests: string): string {
  return parseAllDocuments(manifests)
    .map((document): ConfigMap => document.toJS())
    .map(({ data, ...manifest }) => ({
      ...manifest,
      ...(data && {
        data: Object.fromEntries(Object.entries(data).filter(([file]) => !file.endsWith(".sh"))),
      }),
    }))
    .map((manifest) => stringify(manifest, { aliasDuplicateObjects: false }))
    .join("---\n");
}

const folder = join(import.meta.dirname, "azure-user-data");
const files = render();

testGolden(folder, files);
