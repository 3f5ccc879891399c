/** A region on a VM in Azure, and Azure's answers. */
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { FoundVm } from "../../components/hosts/azure/vm/findings.ts";
import { planAzureVm } from "../../components/hosts/azure/vm/plan.ts";
import type { Previous } from "../../components/hosts/azure/vm/previous.ts";
import { VmHost } from "../../components/hosts/azure/vm/vm-host.ts";
import { podOf } from "../doubles/azure/user-data.ts";
import { type RegisteredResource, registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";

export const subscription = "11111111-1111-4111-8111-111111111111";

export const group = `/subscriptions/${subscription}/resourceGroups/registry-cache-test-westeurope`;

export const principalId = "22222222-2222-4222-8222-222222222222";

export const clientId = "33333333-3333-4333-8333-333333333333";

export const storageAccount = "cache0123456789abcdef012";

export const endpoint = {
  hostname: "cache.westeurope.example.com",
  zone: "example.com",
  zoneResourceGroup: "dns",
};

export const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };

export const team = {
  name: "team",
  registry: "team.example.com:5000",
  repositories: ["**"],
  credentials: "team-login",
};

export const westeurope = {
  name: "westeurope",
  topology: "vm",
  storage: { kind: "disk", size: "240GiB" },
  endpoint: { ...endpoint, tls: { mode: "acme", email: "platform@example.com" } },
  access: { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] },
};

export interface Graph {
  readonly resources: readonly RegisteredResource[];
  readonly host: VmHost;
  /** The only resource of a type and, if given, of a name. */
  resource(type: string, name?: string): RegisteredResource;
  /** The inputs of such a resource. */
  inputs(type: string, name?: string): Record<string, unknown>;
}

/** The outputs that Azure adds, as far as other resources need them. */
function azure(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const id = (provider: string, name: unknown) => `${group}/providers/${provider}/${name}`;
  switch (type) {
    case "azure-native:resources:ResourceGroup":
      return { id: group, name: inputs.resourceGroupName };
    case "azure-native:managedidentity:UserAssignedIdentity":
      return {
        id: id("Microsoft.ManagedIdentity/userAssignedIdentities", inputs.resourceName),
        principalId,
        clientId,
        tenantId: "tenant",
      };
    case "azure-native:network:PublicIPAddress":
      return { ipAddress: "192.0.2.7" };
    case "azure-native:network:NetworkInterface":
      return { ipConfigurations: [{ name: "primary", privateIPAddress: "10.0.0.4" }] };
    case "azure-native:network:VirtualNetwork":
      return { id: id("Microsoft.Network/virtualNetworks", inputs.virtualNetworkName) };
    case "azure-native:dns:Zone":
      return {
        id: id("Microsoft.Network/dnsZones", inputs.zoneName),
        nameServers: ["ns1.azure.test.", "ns2.azure.test."],
      };
    case "pulumi:index:Stash":
      return { output: inputs.input };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    case "azure-native:keyvault:Vault":
      return { id: id("Microsoft.KeyVault/vaults", inputs.vaultName), name: inputs.vaultName };
    case "azure-native:storage:StorageAccount":
      return { id: id("Microsoft.Storage/storageAccounts", inputs.accountName), name: inputs.accountName };
    case "azure-native:storage:BlobContainer":
      return {
        id: id(
          "Microsoft.Storage/storageAccounts",
          `${inputs.accountName}/blobServices/default/containers/${inputs.containerName}`,
        ),
      };
    case "azure-native:keyvault:Secret":
      return { id: id("Microsoft.KeyVault/vaults", `${inputs.vaultName}/secrets/${inputs.secretName}`) };
    default:
      return {};
  }
}

/** The text of all files of the machine's Pod. */
export function podText({ inputs }: Graph): string {
  const { text } = podOf(String(inputs("VirtualMachine").userData));
  return Object.values(JSON.parse(text)).join("\n");
}

export async function graphOf(
  change: Record<string, unknown> = {},
  upstreams: Record<string, unknown>[] = [gsoci, team],
  previous: Partial<Previous> = {},
  hasTrustedLaunch?: boolean,
  found: Partial<FoundVm> = {},
  governance: Record<string, unknown> = {},
): Promise<Graph> {
  const request = planRequest("azure vm", {
    provider: "azure",
    regions: [{ ...westeurope, ...change }],
    upstreams,
    governance,
    ...(upstreams.includes(team) && {
      "team-login": { username: "reader", password: { secure: "v1:x" } },
    }),
  });
  const { plan, problems } = planAzureVm(request);
  assert.deepEqual(problems, []);
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  let host: VmHost | undefined;
  const resources = await registeredBy(() => {
    const all = { storageAccount, hasTrustedLaunch, previous: { secrets: [], ...previous }, ...found };
    host = new VmHost(plan.region.name, { plan, found: all, secrets: { credentials } });
  }, azure);
  assert.ok(host);
  const resource = (type: string, name?: string) => {
    const found = resources.filter((it) => it.type.endsWith(`:${type}`) && (name ?? it.name) === it.name);
    assert.equal(found.length, 1, `${found.length} of ${type} ${name ?? ""}`);
    return found[0] as RegisteredResource;
  };
  return { resources, host, resource, inputs: (type, name) => resource(type, name).inputs };
}
