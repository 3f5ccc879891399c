import { isRange } from "../checks.ts";
import {
  type Cloud,
  type CloudDefinition,
  everywhere,
  type Reference,
  type Request,
  type Rules,
  type Thing,
} from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { resourceId, subnetsOf, tenantId, types } from "./account.ts";
import { checkCount, checkNetwork, checkOutbound, checkPool, invalid } from "./aks-checks.ts";
import { demandEncryptionAtHost } from "./features.ts";
import { roleAssignment, userIdentity } from "./identity.ts";
import { publicAddress } from "./network.ts";
import { keepNodes, managedCluster, nodesOf, poolsOf, removeNodes, stateOf } from "./node-pools.ts";
import { demandSameRegion, resource } from "./resource.ts";
import { demandQuota, demandSize } from "./sizes.ts";

export const trust = "azure-native:managedidentity:FederatedIdentityCredential";
/** A load balancer that AKS creates for a Service, and that only the cluster knows. */
export const loadBalancer = "load balancer";
const kind = "Microsoft.ContainerService/managedClusters";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";

const versions = ["1.34", "1.35", "1.36"];
const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const minorOf = (version: string) => Number(version.split(".")[1]);

const clusterId = (request: Pick<Request, "inputs">) =>
  resourceId(request, kind, request.inputs.resourceName);

/** AKS sets a cluster's tags on everything that it creates for the cluster, except on nodes: https://learn.microsoft.com/azure/aks/use-tags */
export const handedOn = ({ tags }: Inputs): Inputs => ({ tagsAll: tags });

/** Deleted with its cluster. */
const ofCluster: Reference = {
  at: "resourceName",
  to: managedCluster,
  id: (_, request) => clusterId(request),
  onDelete: "delete",
};

export const aksRules: Readonly<Record<string, Rules>> = {
  /** https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update */
  [managedCluster]: resource(
    { kind, name: "resourceName", pattern: /^[a-z0-9](?:[\w-]{0,61}[a-z0-9])?$/i },
    {
      computed: ["oidcIssuerProfile.issuerURL"],
      // https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/gen/replacement.go
      replacing: [
        "dnsPrefix",
        "nodeResourceGroup",
        "linuxProfile",
        ...[
          "networkPlugin",
          "networkPluginMode",
          "networkPolicy",
          "networkDataplane",
          "podCidr",
          "serviceCidr",
          "dnsServiceIP",
          "outboundType",
        ].map((property) => `networkProfile.${property}`),
      ],
      fixed: [
        ...["name", "vmSize", "osDiskSizeGB", "osDiskType", "osSKU", "maxPods", "type", "vnetSubnetID"].map(
          (property) => `agentPoolProfiles[0].${property}`,
        ),
        "agentPoolProfiles[0].availabilityZones",
        // https://learn.microsoft.com/azure/aks/enable-host-encryption
        "agentPoolProfiles[0].enableEncryptionAtHost",
        "diskEncryptionSetID",
      ],
      references: [
        { at: "identity.userAssignedIdentities[*]", to: userIdentity },
        { at: "diskEncryptionSetID", to: types.encryptionSet },
        {
          at: "agentPoolProfiles[*].vnetSubnetID",
          to: types.virtualNetwork,
          id: networkOf,
        },
      ],
      check(inputs) {
        const version = text("kubernetesVersion", inputs);
        demand(versions.includes(version), "K8sVersionNotSupported", `Version ${version} is not supported`);
        const prefix = text("dnsPrefix", inputs);
        invalid(/^[a-z0-9](?:[a-z0-9-]{0,52}[a-z0-9])?$/i.test(prefix), `dnsPrefix ${prefix}`);
        const nodeGroup = text("nodeResourceGroup", inputs);
        invalid(nodeGroup.length >= 1 && nodeGroup.length <= 80, `nodeResourceGroup ${nodeGroup}`);
        invalid(["Free", "Standard", "Premium"].includes(text("sku.tier", inputs)), "sku");
        const isWorkloadIdentity = valueAt("securityProfile.workloadIdentity.enabled", inputs) === true;
        const isIssuer = valueAt("oidcIssuerProfile.enabled", inputs) === true;
        invalid(isIssuer || !isWorkloadIdentity, "workload identity needs the OIDC issuer");
        const ranges = valuesAt("apiServerAccessProfile.authorizedIPRanges[*]", inputs).map(String);
        invalid(ranges.length <= 200 && ranges.every((range) => isRange(range, "ipv4")), `ranges ${ranges}`);
        checkNetwork((inputs.networkProfile ?? {}) as Inputs);
        const pools = valuesAt("agentPoolProfiles[*]", inputs) as Inputs[];
        invalid(
          pools.some(({ mode }) => mode === "System"),
          "Must define at least one system pool.",
        );
        for (const pool of pools) checkPool(pool, version);
      },
      admit(request) {
        const set = text("diskEncryptionSetID", request.inputs);
        if (set !== "") {
          const mayRead = rightsOfCluster(request.cloud, request, reader).includes(set);
          demand(mayRead, "LinkedAuthorizationFailed", `the cluster's identity may not read ${set}`);
          demandSameRegion(request, types.encryptionSet, set);
        }
        for (const pool of poolsOf(request.inputs)) {
          demandSize(request, pool);
          demandQuota(request, pool);
          if (pool.isEncryptedAtHost) demandEncryptionAtHost(request.cloud, pool.size);
        }
        for (const id of valuesAt("agentPoolProfiles[*].vnetSubnetID", request.inputs).map(String)) {
          demandSubnet(request, id);
          demandNetworkRight(request, id);
          demandWayOut(request, id);
          demandLabels(id);
        }
      },
      create(request) {
        const { cloud, inputs } = request;
        const digits = cloud.digits(8);
        keepNodes(cloud, clusterId(request), inputs);
        return {
          id: "",
          outputs: {
            fqdn: `${inputs.dnsPrefix}-${digits}.hcp.${inputs.location}.azmk8s.io`,
            resourceUID: `${digits}0a1b2c3d4e5f6789`,
            oidcIssuerProfile: {
              enabled: true,
              issuerURL: `https://${inputs.location}.oic.prod-aks.azure.com/${tenantId}/${digits}/`,
            },
          },
        };
      },
      update({ cloud, inputs }, before) {
        for (const pool of valuesAt("agentPoolProfiles[*]", inputs) as Inputs[]) {
          checkCount(pool, nodesOf(cloud, before.id, text("name", pool)));
          // https://github.com/hashicorp/terraform-provider-azurerm/issues/28878
          demand(
            stateOf(cloud, before.id, text("name", pool)) === "Succeeded",
            "OperationNotAllowed",
            "Operation is not allowed because there's an in progress upgrade managed cluster operation",
          );
        }
        for (const pool of poolsOf(inputs)) demandQuota({ cloud, inputs }, pool, before);
        keepNodes(cloud, before.id, inputs);
        for (const it of cloud.things(loadBalancer))
          if (it.inputs.cluster === before.id) cloud.keep({ ...it, outputs: handedOn(inputs) });
        const [wanted, has] = [inputs, before.inputs].map((it) => text("kubernetesVersion", it)) as [
          string,
          string,
        ];
        const step = minorOf(wanted) - minorOf(has);
        demand(
          step === 0 || step === 1,
          "OperationNotAllowed",
          `Upgrading Kubernetes version ${has} to ${wanted} is not allowed`,
        );
      },
      /** The nodes' resource group, and everything in it, is deleted with the cluster. */
      delete({ id }, cloud) {
        for (const it of cloud.things(loadBalancer)) if (it.inputs.cluster === id) cloud.remove(it);
        removeNodes(cloud, id);
      },
    },
  ),

  [loadBalancer]: {
    references: [{ at: "address", to: publicAddress }],
    create: () => ({ id: "" }),
  },

  /** https://learn.microsoft.com/azure/aks/planned-maintenance#create-a-maintenance-window */
  "azure-native:containerservice:MaintenanceConfiguration": {
    replacing: ["resourceGroupName", "resourceName", "configName"],
    references: [ofCluster],
    check(inputs) {
      const name = text("configName", inputs);
      const known = ["default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"];
      invalid(known.includes(name), `configuration ${name}`);
      const window = (inputs.maintenanceWindow ?? {}) as Inputs;
      const hours = number("durationHours", window) ?? 0;
      invalid(hours >= 4 && hours <= 24, `durationHours ${hours}`);
      invalid(/^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text("startTime", window)), `startTime ${window.startTime}`);
      invalid(Object.keys((window.schedule ?? {}) as Inputs).length === 1, "one kind of schedule");
      const day = valueAt("schedule.weekly.dayOfWeek", window);
      invalid(day === undefined || days.includes(String(day)), `dayOfWeek ${day}`);
    },
    create: (request) => ({
      id: `${clusterId(request)}/maintenanceConfigurations/${request.inputs.configName}`,
    }),
  },

  /** https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
  [trust]: {
    replacing: ["resourceGroupName", "resourceName", "federatedIdentityCredentialResourceName"],
    references: [
      {
        at: "resourceName",
        to: userIdentity,
        id: (name, request) => resourceId(request, "Microsoft.ManagedIdentity/userAssignedIdentities", name),
        onDelete: "delete",
      },
    ],
    check(inputs) {
      const valid = (condition: unknown, message: string) => demand(condition, "BadRequest", message);
      const name = text("federatedIdentityCredentialResourceName", inputs);
      valid(/^[a-z0-9][\w-]{2,119}$/i.test(name), `federated credential ${name}`);
      valid(/^https:\/\/[^/]+\/.+\/$/.test(text("issuer", inputs)), `issuer ${inputs.issuer}`);
      const subject = text("subject", inputs);
      valid(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/.test(subject), `subject ${subject}`);
      valid(isOnly(inputs.audiences, "api://AzureADTokenExchange"), `audiences ${inputs.audiences}`);
    },
    admit({ cloud, inputs }) {
      const said = ({ inputs: it }: Pick<Request, "inputs">) =>
        [it.resourceName, it.issuer, it.subject].join();
      const same = cloud.things(trust).some((it) => said(it) === said({ inputs }));
      demand(!same, "FederatedIdentityCredentialExists", "Issuer and subject combination already exists.");
    },
    create(request) {
      const { resourceName, federatedIdentityCredentialResourceName: name } = request.inputs;
      const identity = resourceId(request, "Microsoft.ManagedIdentity/userAssignedIdentities", resourceName);
      return { id: `${identity}/federatedIdentityCredentials/${name}`, outputs: { name } };
    },
  },
};

function networkOf(subnet: string): string {
  return subnet.replace(/\/subnets\/[^/]+$/, "");
}

function demandSubnet(request: Request, id: string): void {
  const network = request.cloud.find(types.virtualNetwork, networkOf(id), request.scope);
  const isThere = network && subnetsOf(network).some(({ name }) => id.endsWith(`/subnets/${name}`));
  demand(isThere, "InvalidResourceReference", `there is no subnet ${id}`);
  demandSameRegion(request, types.virtualNetwork, networkOf(id));
}

function demandWayOut({ cloud, scope, inputs }: Request, id: string): void {
  const network = cloud.find(types.virtualNetwork, networkOf(id), scope);
  const subnet = network && subnetsOf(network).find(({ name }) => id.endsWith(`/subnets/${name}`));
  const gateway = cloud.find(types.natGateway, text("natGateway.id", subnet ?? {}), scope);
  const table = cloud.find(types.routeTable, text("routeTable.id", subnet ?? {}), scope);
  // The firewall's address isn't in the route table. It is in the record only so that the double knows it.
  const firewall = valuesAt("firewallAddress", table?.outputs ?? {});
  const addresses = valuesAt("publicIpAddresses[*].id", gateway?.inputs ?? {}).map(
    (address) => cloud.find(publicAddress, String(address), scope)?.outputs.ipAddress,
  );
  const authorized = valuesAt("apiServerAccessProfile.authorizedIPRanges[*]", inputs).map(String);
  checkOutbound(
    text("networkProfile.outboundType", inputs) || "loadBalancer",
    subnet ?? {},
    authorized,
    // A route precedes a NAT gateway: https://learn.microsoft.com/azure/nat-gateway/nat-overview#azure-nat-gateway-basics
    (firewall.length > 0 ? firewall : addresses).map((address) => `${address}/32`),
  );
}

/** Nodes don't start in a subnet that the cluster's identity may not join. */
function demandNetworkRight({ cloud, inputs }: Request, subnet: string): void {
  const may = rightsOfCluster(cloud, { inputs }).some((scope) => `${subnet}/`.startsWith(`${scope}/`));
  demand(may, "LinkedAuthorizationFailed", `the cluster's identity may not join ${subnet}`);
}

/** The scopes in which a cluster has a role. @param role its id. @default Network Contributor */
export function rightsOfCluster(
  cloud: Cloud,
  { inputs }: Pick<Thing, "inputs">,
  role = networkContributor,
): string[] {
  const principals = valuesAt("identity.userAssignedIdentities[*]", inputs).map(
    (id) => cloud.find(userIdentity, String(id), everywhere)?.outputs.principalId,
  );
  return cloud
    .things(roleAssignment)
    .filter(
      (it) =>
        principals.includes(it.inputs.principalId) &&
        text("roleDefinitionId", it.inputs).endsWith(`/${role}`),
    )
    .map((it) => text("scope", it.inputs));
}

/** https://learn.microsoft.com/azure/aks/azure-cni-overlay#limitations-with-azure-cni-overlay */
function demandLabels(subnet: string): void {
  const [, , , , group = "", , , , network = "", , name = ""] = subnet.split("/");
  const tooLong = [group, network, name].find((it) => it.length > 63);
  invalid(tooLong === undefined, `${tooLong} has more than 63 characters`);
}

function isOnly(value: unknown, entry: string): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === entry;
}

export const aksFunctions: CloudDefinition["functions"] = {
  "azure-native:containerservice:getAgentPool"(inputs, { cloud }) {
    const id = resourceId({ inputs }, kind, inputs.resourceName);
    const count = nodesOf(cloud, id, text("agentPoolName", inputs));
    demand(count !== undefined, "ResourceNotFound", `The Resource '${id}' was not found.`);
    const provisioningState = stateOf(cloud, id, text("agentPoolName", inputs));
    return { name: inputs.agentPoolName, count, provisioningState };
  },

  /** Returns a certificate for the account that each cluster has, and the cluster's authority. */
  "azure-native:containerservice:listManagedClusterUserCredentials"(inputs, { cloud, scope }) {
    const id = resourceId({ inputs }, kind, inputs.resourceName);
    const cluster = cloud.find(managedCluster, id, scope);
    demand(cluster, "ResourceNotFound", `The Resource '${id}' was not found.`);
    demand(cluster.inputs.disableLocalAccounts !== true, "BadRequest", "local accounts are disabled");
    const { endpoint, ca } = accessTo(cluster);
    const user = { "client-certificate-data": base64("certificate"), "client-key-data": base64("key") };
    const kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: endpoint, "certificate-authority-data": ca } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    });
    return { kubeconfigs: [{ name: "clusterUser", value: base64(kubeconfig) }] };
  },
};

/** The address and authority of a cluster's API. */
export function accessTo({ outputs }: Pick<Thing, "outputs">): { endpoint: string; ca: string } {
  return { endpoint: `https://${outputs.fqdn}:443`, ca: base64(`CA of ${outputs.resourceUID}`) };
}

function base64(content: string): string {
  return Buffer.from(content).toString("base64");
}
