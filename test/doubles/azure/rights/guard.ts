/** Allows an identity what its roles allow, request by request, by Azure Resource Manager's rules. */
import { Cloud } from "../../cloud.ts";
import { demand } from "../../faults.ts";
import type { Asked, Guard } from "../../guard.ts";
import { type Inputs, text } from "../../values.ts";
import { groupId, resourceId } from "../account.ts";

/** A role with its assignment. */
export interface AssignedRole {
  readonly definition: { readonly Actions: readonly string[] };
  readonly assignment: { readonly scope: string; readonly condition?: string };
}

export interface ArmRequest {
  readonly action: string;
  /** The id of the resource. */
  readonly on: string;
  /** For a role assignment, the role that it grants. */
  readonly role?: string | undefined;
}

export interface AzureGuard extends Guard {
  /** All requests so far, allowed or not. */
  readonly asked: ArmRequest[];
}

export function azureGuard(cloud: Cloud, roles: () => readonly AssignedRole[]): AzureGuard {
  const asked: ArmRequest[] = [];
  return {
    asked,
    async demandRight(it) {
      for (const request of requestsOf(cloud, it)) {
        asked.push(request);
        const { action, on } = request;
        const said = `The client does not have authorization to perform action '${action}' over scope '${on}'.`;
        demand(isAllowed(roles(), request), "AuthorizationFailed", said);
      }
    },
  };
}

/** https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource */
export function isAllowed(roles: readonly AssignedRole[], { action, on, role }: ArmRequest): boolean {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  return roles.some(
    ({ definition, assignment: { scope, condition } }) =>
      (same(scope, on) || on.toLowerCase().startsWith(`${scope.toLowerCase()}/`)) &&
      definition.Actions.some((it) => same(it, action)) &&
      (role === undefined || condition === undefined || grants(condition, action, role)),
  );
}

/** https://learn.microsoft.com/azure/role-based-access-control/conditions-format */
function grants(condition: string, action: string, role: string): boolean {
  const part = condition.split(") AND (").find((it) => it.includes(`ActionMatches{'${action}'}`));
  if (part === undefined) return true;
  const [, ids = ""] = /RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals \{([^}]*)\}/.exec(part) ?? [];
  return ids.split(", ").includes(role);
}

function requestsOf(cloud: Cloud, asked: Asked): ArmRequest[] {
  if (asked.kind === "call") return callsOf(asked);
  const id = asked.thing?.id ?? newId(cloud, asked);
  const type = typeOf(id);
  const [, role] = /roleDefinitions\/([^/]+)$/.exec(text("roleDefinitionId", asked.inputs)) ?? [];
  // A role assignment needs rights on its scope.
  const on = type === roleAssignments ? (id.split(`/providers/${type}/`)[0] ?? "") : id;
  if (asked.kind === "delete") return [{ action: `${type}/delete`, on, role }, ...polls(type, on, true)];
  return [
    { action: `${type}/write`, on, role },
    { action: `${type}/read`, on },
    ...polls(type, on),
    ...linked(asked.inputs).filter((it) => it.on !== on),
  ];
}

const roleAssignments = "Microsoft.Authorization/roleAssignments";
const resourceGroups = "Microsoft.Resources/subscriptions/resourceGroups";

/** The id of a new resource by its type's rules, from a temporary account. */
function newId({ definition }: Cloud, { type, inputs, scope }: Asked): string {
  const rules = definition.resources[type];
  if (!rules) throw new Error(`the double doesn't know the type ${type}`);
  return rules.create({ cloud: new Cloud(definition), scope, name: "new", inputs }).id;
}

/** A type such as `Microsoft.Network/virtualNetworks/subnets`: every second part of the id after the last provider's name. */
function typeOf(id: string): string {
  if (id.includes("/providers/Microsoft.Features/")) return "Microsoft.Features/providers/features";
  const [, namespace = "", ...parts] = id.slice(id.lastIndexOf("/providers/") + 1).split("/");
  if (!id.includes("/providers/")) return resourceGroups;
  return [namespace, ...parts.filter((_, index) => index % 2 === 0)].join("/");
}

/** The status requests until a write or a delete is complete: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
function polls(type: string, on: string, isDelete = false): ArmRequest[] {
  const [, subscription = "", group = ""] =
    /^(\/subscriptions\/[^/]+)(\/resourceGroups\/[^/]+)?/i.exec(on) ?? [];
  // Writing a group completes immediately.
  if (type === resourceGroups && isDelete) {
    const action = "Microsoft.Resources/subscriptions/operationresults/read";
    return [{ action, on: `${subscription}/operationresults/a` }];
  }
  const [namespace = "", kind = "", ...below] = type.split("/");
  const inGroup = (names: readonly string[]) =>
    names.map((it) => ({
      action: `${namespace}/${it}/read`,
      on: `${subscription}${group}/providers/${namespace}/${it}/a`,
    }));
  if (kind === "privateDnsZones" && below.join() === "virtualNetworkLinks")
    return inGroup(["privateDnsOperationResults", "privateDnsOperationStatuses"]);
  // Writing a zone or its records completes immediately. The deletion is "accepted and will complete asynchronously":
  // https://github.com/Azure/azure-rest-api-specs/blob/main/specification/dns/resource-manager/Microsoft.Network/stable/2018-05-01/dns.json
  // (Zones_Delete)
  if (kind === "dnsZones" && below.length === 0 && isDelete)
    return inGroup(["dnsOperationResults", "dnsOperationStatuses"]);
  const isAtOnce = /dnsZones|\/trafficManagerProfiles$|\/maintenanceConfigurations$/i.test(type);
  const operations = isAtOnce ? [] : (operationsOf[namespace] ?? []);
  return operations.map((it) => ({
    action: `${namespace}/locations/${it}/read`,
    on: `${subscription}/providers/${namespace}/locations/westeurope/${it}/a`,
  }));
}

const operationsOf: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.Compute": ["operations"],
  "Microsoft.ContainerService": ["operations", "operationresults"],
  "Microsoft.Network": ["operations", "operationResults"],
};

/** The right on a resource that a reference to it needs. LinkedAuthorizationFailed names a missing one. https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/linked-authorization-failed */
const linkedActions: Readonly<Record<string, string>> = {
  "Microsoft.Network/virtualNetworks/subnets": "join/action",
  "Microsoft.Network/publicIPAddresses": "join/action",
  "Microsoft.Network/networkSecurityGroups": "join/action",
  "Microsoft.Network/networkInterfaces": "join/action",
  "Microsoft.Network/natGateways": "join/action",
  "Microsoft.Network/loadBalancers/backendAddressPools": "join/action",
  "Microsoft.Network/loadBalancers/frontendIPConfigurations": "join/action",
  "Microsoft.Network/virtualNetworks": "join/action",
  "Microsoft.ManagedIdentity/userAssignedIdentities": "assign/action",
  "Microsoft.Compute/disks": "write",
  "Microsoft.Compute/diskEncryptionSets": "read",
  "Microsoft.Compute/galleries/images/versions": "read",
  "Microsoft.OperationalInsights/workspaces": "sharedKeys/action",
};

/** The requests for resources that the inputs refer to, without a role's scope. */
function linked({ scope: _, ...inputs }: Inputs): ArmRequest[] {
  return textsIn(inputs)
    .filter((it) => it.startsWith("/subscriptions/"))
    .flatMap((on) => {
      const action = linkedActions[typeOf(on)];
      return action === undefined ? [] : [{ action: `${typeOf(on)}/${action}`, on }];
    });
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const cluster = (inputs: Inputs) =>
  resourceId({ inputs }, "Microsoft.ContainerService/managedClusters", inputs.resourceName);
const vault = (inputs: Inputs) => resourceId({ inputs }, "Microsoft.KeyVault/vaults", inputs.vaultName);

/** The resources that the provider's functions read, or post to. @param scope see azure.ts */
const functions: Readonly<Record<string, (inputs: Inputs, scope: string) => string | undefined>> = {
  "azure-native:authorization:getClientConfig": () => undefined,
  "azure-native:authorization:getClientToken": () => undefined,
  "azure-native:resources:getResourceGroup": (inputs) => groupId(text("resourceGroupName", inputs)),
  "azure-native:storage:getStorageAccount": (inputs) =>
    resourceId({ inputs }, "Microsoft.Storage/storageAccounts", inputs.accountName),
  "azure-native:dns:getZone": (inputs, scope) =>
    resourceId({ inputs, scope }, "Microsoft.Network/dnsZones", inputs.zoneName),
  "azure-native:privatedns:getPrivateZone": (inputs, scope) =>
    resourceId({ inputs, scope }, "Microsoft.Network/privateDnsZones", inputs.privateZoneName),
  "azure-native:network:getVirtualNetwork": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/virtualNetworks", inputs.virtualNetworkName),
  "azure-native:network:getNetworkSecurityGroup": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/networkSecurityGroups", inputs.networkSecurityGroupName),
  "azure-native:network:getRouteTable": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/routeTables", inputs.routeTableName),
  "azure-native:network:getNatGateway": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/natGateways", inputs.natGatewayName),
  "azure-native:network:getPublicIPAddress": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/publicIPAddresses", inputs.publicIpAddressName),
  "azure-native:network:getPublicIPPrefix": (inputs) =>
    resourceId({ inputs }, "Microsoft.Network/publicIPPrefixes", inputs.publicIpPrefixName),
  "azure-native:keyvault:getVault": vault,
  "azure-native:keyvault:getSecret": (inputs) => `${vault(inputs)}/secrets/${inputs.secretName}`,
  "azure-native:containerservice:getAgentPool": (inputs) =>
    `${cluster(inputs)}/agentPools/${inputs.agentPoolName}`,
  "azure-native:containerservice:listManagedClusterUserCredentials": cluster,
};

function callsOf({ type, inputs, scope }: Asked): ArmRequest[] {
  // A GET request to the API itself.
  if (type.startsWith("/")) return [{ action: `${typeOf(type)}/read`, on: type }];
  const find = functions[type];
  if (!find) throw new Error(`the double doesn't know what ${type} asks for`);
  const on = find(inputs, scope);
  if (on === undefined) return [];
  const isPost = type.endsWith(":listManagedClusterUserCredentials");
  return [{ action: `${typeOf(on)}/${isPost ? "listClusterUserCredential/action" : "read"}`, on }];
}
