/** A region in a cluster on Azure, and Azure's answers. */
import assert from "node:assert/strict";
import { ClusterHost } from "../../components/hosts/azure/cluster/cluster-host.ts";
import type { FoundCluster } from "../../components/hosts/azure/cluster/findings.ts";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { type RegisteredResource, registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";

export const subscription = "11111111-1111-4111-8111-111111111111";

export const groupId = (name: string) => `/subscriptions/${subscription}/resourceGroups/${name}`;

export const ownGroup = "registry-cache-test-germanywestcentral";

export const clientId = "33333333-3333-4333-8333-333333333333";

export const storageAccount = "cache0123456789abcdef012";

export const kubeconfig = "apiVersion: v1\nkind: Config\n";

export const issuerURL = "https://germanywestcentral.oic.prod-aks.azure.com/tenant/cluster/";

export const endpoint = { hostname: "cache.gwc.example.com", zone: "example.com", zoneResourceGroup: "dns" };

export const region = {
  name: "germanywestcentral",
  topology: "cluster",
  version: "1.35",
  apiAccess: ["198.51.100.0/28"],
  storage: { kind: "bucket", expireDays: 30 },
  replicas: { min: 2, max: 5 },
  endpoint: { ...endpoint, tls: { mode: "acme", email: "platform@example.com" } },
  access: { clients: ["203.0.113.0/24"] },
};

/** The outputs that Azure adds, as far as other resources need them. */
export function azure(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const id = (provider: string, name: unknown) =>
    `${groupId(String(inputs.resourceGroupName))}/providers/${provider}/${name}`;
  switch (type) {
    case "azure-native:resources:ResourceGroup":
      return { id: groupId(String(inputs.resourceGroupName)), name: inputs.resourceGroupName };
    case "azure-native:managedidentity:UserAssignedIdentity":
      return {
        id: id("Microsoft.ManagedIdentity/userAssignedIdentities", inputs.resourceName),
        name: inputs.resourceName,
        principalId: `principal of ${inputs.resourceName}`,
        clientId,
      };
    case "azure-native:network:PublicIPAddress":
      return { ipAddress: "192.0.2.7" };
    case "azure-native:network:VirtualNetwork":
      return { id: id("Microsoft.Network/virtualNetworks", inputs.virtualNetworkName) };
    case "azure-native:dns:Zone":
      return { id: id("Microsoft.Network/dnsZones", inputs.zoneName), nameServers: ["ns1.azure.test."] };
    case "azure-native:storage:StorageAccount":
      return { id: id("Microsoft.Storage/storageAccounts", inputs.accountName), name: inputs.accountName };
    case "azure-native:storage:BlobContainer":
      return { id: id("Microsoft.Storage/storageAccounts", `${inputs.accountName}/containers/registry`) };
    case "azure-native:containerservice:ManagedCluster":
      return {
        name: inputs.resourceName,
        id: id("Microsoft.ContainerService/managedClusters", inputs.resourceName),
        oidcIssuerProfile: { enabled: true, issuerURL },
      };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } };
    default:
      return {};
  }
}

/** Azure's answers to calls while resources are created. */
export function credentials(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (token === "pulumi:pulumi:readStackResourceOutputs") return { outputs: {} };
  assert.equal(token, "azure-native:containerservice:listManagedClusterUserCredentials");
  assert.match(String(inputs.resourceName), /^registry-cache-[a-z]+$/);
  return { kubeconfigs: [{ name: "clusterUser", value: Buffer.from(kubeconfig).toString("base64") }] };
}

export interface Graph {
  readonly resources: readonly RegisteredResource[];
  readonly host: ClusterHost;
  /** The only resource of a type and, if given, of a name. */
  find(type: string, name?: string): RegisteredResource;
}

export async function graphOf(
  change: Record<string, unknown> = {},
  liveNodes?: number,
  found: Partial<FoundCluster> = {},
  governance: Record<string, unknown> = {},
): Promise<Graph> {
  const request = planRequest("azure cluster", {
    provider: "azure",
    regions: [{ ...region, ...change }],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    governance,
  });
  const { plan, problems } = planAzureCluster(request);
  assert.deepEqual(problems, []);
  let host: ClusterHost | undefined;
  const resources = await registeredBy(
    () => {
      const all = { storageAccount, liveNodes, ...found };
      host = new ClusterHost(plan.region.name, { plan, found: all, secrets: { credentials: {} } });
    },
    azure,
    credentials,
  );
  assert.ok(host);
  return {
    resources,
    host,
    find(type, name) {
      const found = resources.filter(
        (it) => it.type.endsWith(`:${type}`) && (name === undefined || it.name === name),
      );
      assert.equal(found.length, 1, `${found.length} of ${type} ${name ?? ""}`);
      return found[0] as RegisteredResource;
    },
  };
}

/** Each identity's rights by scope, by the identity's name. */
export function rightsIn({ resources }: Graph): Record<string, unknown> {
  return Object.fromEntries(
    resources
      .filter(({ type }) => type.endsWith(":RoleAssignment"))
      .map(({ name, inputs }) => [
        name,
        [inputs.principalId, String(inputs.roleDefinitionId).split("/").at(-1), inputs.scope],
      ]),
  );
}
