/** The look-ups in Azure before a region is created, and their answers. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { Regions } from "../../components/config/schema.ts";
import { namesOf, storageAccountName } from "../../components/hosts/azure/naming.ts";
import { azureProvider } from "../../components/hosts/azure/place.ts";
import { lookUpIn } from "../../components/hosts/azure/question.ts";
import { type FoundVm, findVm } from "../../components/hosts/azure/vm/findings.ts";
import { planAzureVm } from "../../components/hosts/azure/vm/plan.ts";
import { azureCustomData, customDataDigest } from "../../components/hosts/azure/vm/user-data.ts";
import type { LookedUp, PlanRequest } from "../../components/hosts/kind.ts";
import { existing, groupId, subscriptionId as own } from "../doubles/azure/account.ts";
import { token as accessToken } from "../doubles/azure/sizes.ts";
import { registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";
import { previousState } from "../support/previous-state.ts";

export const other = "22222222-2222-4222-8222-222222222222";

/** The image version that an update stored for other regions. */
export const keptImage = "0.20250101.1000";

const clientId = "0e37df36-f698-4f2c-8a6f-0a1b2c3d0004";

const ownNetwork = `/subscriptions/${own}/resourceGroups/cache/providers/Microsoft.Network/virtualNetworks/cache`;

/** The resources of a region with a machine of size Standard_D2ps_v6. */
function machineIn(region: string, securityProfile: object): Record<string, object> {
  return {
    [`azure-native:compute:VirtualMachine::${region}`]: {
      hardwareProfile: { vmSize: "Standard_D2ps_v6" },
      securityProfile,
      storageProfile: { imageReference: { version: keptImage } },
      tags: { "custom-data": customDataDigest(azureCustomData({ region, clientId })) },
      zones: ["1"],
    },
    [`azure-native:managedidentity:UserAssignedIdentity::${region}`]: {
      name: `registry-cache-${region}-identity`,
      clientId,
    },
    [`azure-native:compute:Disk::${region}`]: { name: `registry-cache-${region}-data`, zones: ["1"] },
    [`azure-native:network:NetworkInterface::${region}`]: {
      id: `${groupId(namesOf({ stack: "test", region }).resourceGroup)}/providers/Microsoft.Network/networkInterfaces/cache`,
      ipConfigurations: [{ subnet: { id: `${ownNetwork}/subnets/machine` } }],
    },
    [`azure-native:network:VirtualNetwork::${region}`]: { id: ownNetwork, subnets: [{ name: "machine" }] },
    [`pulumi:index:Stash::${region}-image-arm64`]: { output: keptImage },
  };
}

const state = previousState({
  "pulumi:index:Stash::uksouth-image-arm64": { output: keptImage },
  "azure-native:resources:ResourceGroup::northeurope": {
    name: namesOf({ stack: "test", region: "northeurope" }).resourceGroup,
  },
  ...machineIn("northeurope", { securityType: "TrustedLaunch" }),
  "azure-native:compute:VirtualMachine::italynorth": {
    securityProfile: { securityType: "TrustedLaunch" },
    zones: ["1"],
  },
  "azure-native:compute:Disk::germanywestcentral": {
    encryption: { diskEncryptionSetId: existing.encryptionSets.germanywestcentral?.toUpperCase() },
  },
  "azure-native:keyvault:Secret::westus-credentials-team": { name: "credentials-of-westus" },
  "azure-native:keyvault:Secret::westus2-credentials-team": { name: "credentials-of-westus2" },
  "azure-native:network:LoadBalancer::swedencentral": {},
  ...machineIn("swedencentral", { securityType: "TrustedLaunch", encryptionAtHost: true }),
  "azure-native:network:PublicIPAddress::polandcentral": {
    name: "registry-cache-polandcentral-address",
    zones: ["1", "2", "3"],
  },
  "azure-native:storage:StorageAccount::francecentral": {
    name: storageAccountName(own, { stack: "test", region: "francecentral" }),
    sku: { name: "Standard_LRS" },
    encryption: {
      keyVaultProperties: { keyVaultUri: "https://keys.vault.azure.net/", keyName: "one" },
      encryptionIdentity: {
        encryptionUserAssignedIdentity: `/subscriptions/${own}/resourceGroups/keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`,
      },
    },
  },
  ...Object.fromEntries(
    Object.entries({
      "dns:RecordSet::uksouth-address": "dnszones/example.com/A/cache.uksouth",
      "dns:RecordSet::uksouth-acme-challenge": "dnszones/example.com/CNAME/_acme-challenge.cache.uksouth",
      "dns:RecordSet::uksouth-acme-delegation": "dnszones/example.com/NS/acme.cache.uksouth",
      "privatedns:PrivateRecordSet::francecentral-address":
        "privateDnsZones/corp.example.com/A/cache.francecentral",
      "privatedns:PrivateRecordSet::uksouth-private-acme-challenge":
        "privateDnsZones/corp.example.com/CNAME/_acme-challenge.cache.uksouth",
    }).map(([resource, record]) => {
      const [, zone, , name] = record.split("/");
      const id = `${groupId("dns")}/providers/Microsoft.Network/${record}`;
      return [`azure-native:${resource}`, { id, fqdn: `${name}.${zone}.` }];
    }),
  ),
  "azure-native:compute:VirtualMachine::francecentral": {
    hardwareProfile: { vmSize: "Standard_M8-2ms" },
    zones: ["1"],
  },
});

interface Result {
  readonly found: FoundVm | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** The calls of functions, with their inputs. */
  readonly asked: readonly (readonly [string, unknown])[];
}

export interface Azure {
  /** Whether Azure has what it is asked for, or its error message. @default true */
  readonly there?: boolean | string;
  readonly network?: Record<string, unknown>;
  /** The routes of its route tables. */
  readonly routes?: readonly object[];
  /** Of its route tables. @default false */
  readonly disableBgpRoutePropagation?: boolean;
  /** The rules of its security groups, in addition to Azure's own, or an error message. */
  readonly rules?: readonly object[] | string;
  /** Id of the private zone. @default there is none */
  readonly privateZone?: string;
  /** Whether the vault uses roles. @default true */
  readonly hasRbac?: boolean;
}

interface Answers {
  /** The outputs of the stack. */
  readonly state: Record<string, unknown>;
  /** Azure's answers, except those about the subscription. */
  answer(token: string, inputs: Record<string, unknown>): Record<string, unknown>;
}

/**
 * Looks up one region. @returns what is found, reported and warned of
 * @param rest of the region
 * @param keys of the stack
 */
export async function lookedUpBy<Kind extends "azure vm" | "azure cluster", Found extends object>(
  kind: Kind,
  rest: Record<string, unknown>,
  keys: Record<string, unknown>,
  { state, answer }: Answers,
  ask: (request: PlanRequest<Regions[Kind]>) => Promise<LookedUp<Found>>,
) {
  const request = planRequest(kind, {
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...rest,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    ...keys,
  });
  const log = mock.method(pulumi.log, "warn", async () => {});
  let result: LookedUp<Found> | undefined;
  await registeredBy(
    async () => {
      result = await ask(request);
    },
    undefined,
    (token, inputs) => {
      if (token.endsWith(":getClientConfig")) return { subscriptionId: own };
      if (token.endsWith(":getClientToken")) return { token: accessToken };
      if (token.endsWith(":readStackResourceOutputs")) return { outputs: state };
      return answer(token.replace("azure-native:", ""), inputs);
    },
  );
  assert.ok(result);
  const problems = result.problems.map(({ path, message }) => `${path}: ${message}`);
  const warnings = log.mock.calls.map(({ arguments: [message] }) => String(message));
  log.mock.restore();
  return { found: result.found, problems, warnings };
}

/** A provider's refusal in the form in which the engine passes it on. */
export function refused(token: string, why: string): Error {
  return Object.assign(new Error(), { details: `invocation of ${token} returned an error: ${why}` });
}

/** https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules */
const defaultSecurityRules = (["Inbound", "Outbound"] as const).flatMap((direction) => {
  const rule = { direction, protocol: "*", destinationPortRange: "*", sourceAddressPrefix: "*" };
  const all = { ...rule, destinationAddressPrefix: "*" };
  const inNetwork = { sourceAddressPrefix: "VirtualNetwork", destinationAddressPrefix: "VirtualNetwork" };
  const [name, other] =
    direction === "Inbound"
      ? ["InBound", { ...all, sourceAddressPrefix: "AzureLoadBalancer" }]
      : ["OutBound", { ...all, destinationAddressPrefix: "Internet" }];
  return [
    { ...all, ...inNetwork, name: `AllowVnet${name}`, access: "Allow", priority: 65_000 },
    { ...other, name: `Allow${name}`, access: "Allow", priority: 65_001 },
    { ...all, name: `DenyAll${name}`, access: "Deny", priority: 65_500 },
  ];
});

/** Looks up a region with a machine. */
export async function lookedUp(
  change: Record<string, unknown>,
  {
    there = true,
    network = { location: "westeurope", subnets: [{ name: "caches" }] },
    routes = [],
    disableBgpRoutePropagation = false,
    rules = [],
    privateZone,
    hasRbac = true,
  }: Azure = {},
  keys: Record<string, unknown> = {},
): Promise<Result> {
  const asked: [string, unknown][] = [];
  const region = { topology: "vm", storage: { kind: "disk", size: "240GiB" }, ...change };
  const answer = (token: string, inputs: Record<string, unknown>) => {
    asked.push([token, inputs]);
    if (there !== true) throw refused(token, there || "ResourceNotFound");
    if (token.endsWith(":getVault")) return { properties: { enableRbacAuthorization: hasRbac } };
    if (token.endsWith(":getPrivateZone")) {
      if (privateZone === undefined) throw refused(token, "ResourceNotFound");
      return { id: privateZone };
    }
    if (token.endsWith(":getRouteTable")) return { routes, disableBgpRoutePropagation };
    if (token.endsWith(":getNetworkSecurityGroup")) {
      if (typeof rules === "string") throw refused(token, rules);
      return { securityRules: rules, defaultSecurityRules };
    }
    if (token.endsWith(":getZone"))
      return {
        id: `${groupId(String(inputs.resourceGroupName))}/providers/Microsoft.Network/dnsZones/${inputs.zoneName}`,
      };
    return token.endsWith(":getVirtualNetwork") ? network : {};
  };
  const told = await lookedUpBy("azure vm", region, keys, { state, answer }, (request) =>
    lookUpIn(planAzureVm(request).plan, { provider: azureProvider(request.region, {}) }, findVm),
  );
  return { ...told, asked };
}
