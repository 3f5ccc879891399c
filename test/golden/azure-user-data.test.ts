/** The custom data of a cache VM in Azure, and its Pod, which is in the machine's user data: see machineFiles(). After an intended change: `npm run generate`. */
import { join } from "node:path";
import { parseConfig } from "../../components/config/parse.ts";
import type { AzureVmRegion } from "../../components/config/schema.ts";
import { azureCustomData, podOptions } from "../../components/hosts/azure/vm/user-data.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { testGolden } from "../support/golden.ts";
import { machineFiles } from "../support/machine-files.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const resourceGroup = "registry-cache-westeurope";

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
  const clientId = "33333333-3333-4333-8333-333333333333";
  const options = podOptions({
    ...config,
    region: config.regions[0] as AzureVmRegion,
    capacity: { machine: { type: "Standard_D2pls_v6" }, disk: { sizeGiB: 240 } },
    clientId,
    subscription,
    resourceGroup,
    storedSecrets: {
      "credentials-team": `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/cache-0123456789abcdef/secrets/credentials-team`,
    },
  });
  return machineFiles(
    Buffer.from(azureCustomData({ region: "westeurope", clientId }), "base64"),
    vmPod(options),
  );
}

const folder = join(import.meta.dirname, "azure-user-data");

testGolden(folder, render());
