/** What the owners of a subscription can require of networks and names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { demandReachable } from "../../components/hosts/azure/governance.ts";
import type { Previous } from "../../components/hosts/azure/vm/previous.ts";
import type { RegisteredResource } from "../support/graph.ts";
import { graphOf as cluster } from "./azure-cluster-region.ts";
import { gsoci, graphOf as vm } from "./azure-vm-region.ts";

interface Rule {
  readonly name: string;
  readonly direction: string;
  readonly access: string;
  readonly sourceAddressPrefixes?: readonly string[];
  readonly destinationPortRange: string;
}

const subnetsOf = (inputs: Record<string, unknown>) =>
  inputs.subnets as { networkSecurityGroup?: { id: string } }[];

test("gives a machine's own subnet the machine's security group, if that is required", async () => {
  const { inputs } = await vm({}, undefined, {}, undefined, {}, { subnetSecurityGroups: true });
  assert.deepEqual(
    subnetsOf(inputs("VirtualNetwork")).map(({ networkSecurityGroup }) => networkSecurityGroup?.id),
    ["westeurope-id"],
  );
  const [subnet] = subnetsOf((await vm()).inputs("VirtualNetwork"));
  assert.ok(subnet && !("networkSecurityGroup" in subnet));
});

test("gives the nodes' own subnet a group that lets in clients, and all traffic between nodes and Pods", async () => {
  const { find } = await cluster({}, undefined, {}, { subnetSecurityGroups: true });
  const [subnet] = subnetsOf(find("VirtualNetwork").inputs);
  const group = find("NetworkSecurityGroup");
  assert.equal(subnet?.networkSecurityGroup?.id, `${group.name}-id`);
  const rules = group.inputs.securityRules as Rule[];
  const inside = ["10.255.254.0/24", "100.64.0.0/16"];
  assert.deepEqual(
    rules.map((rule) => [
      rule.name,
      rule.direction,
      rule.access,
      rule.sourceAddressPrefixes,
      rule.destinationPortRange,
    ]),
    [
      ["clients", "Inbound", "Allow", ["203.0.113.0/24"], "443"],
      ["nodes-and-pods", "Inbound", "Allow", inside, "*"],
      ["probes", "Inbound", "Allow", undefined, "*"],
      ["nothing-else-inbound", "Inbound", "Deny", undefined, "*"],
      ["everything-outbound", "Outbound", "Allow", undefined, "*"],
    ],
  );
  const vnet =
    "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";
  const adopted = await cluster(
    { network: { vnet, subnet: "caches" } },
    undefined,
    {},
    {
      subnetSecurityGroups: true,
    },
  );
  assert.ok(!adopted.resources.some(({ type }) => type.endsWith(":NetworkSecurityGroup")));
});

test("creates a zone's records in the zone's subscription, and the challenge's zone in its own", async () => {
  const zoneSubscription = "22222222-2222-4333-8444-555555555555";
  const endpoint = {
    hostname: "cache.example.com",
    zone: "example.com",
    zoneResourceGroup: "dns",
    zoneSubscription,
    tls: { mode: "acme", email: "platform@example.com" },
  };
  const { resource, resources } = await vm({ endpoint });
  const provider = resource("azure-native", "westeurope-zone");
  assert.deepEqual(provider.inputs, {
    environment: "public",
    location: "westeurope",
    subscriptionId: zoneSubscription,
  });
  const providersOf = (type: string) =>
    new Set(resources.filter((it) => it.type.endsWith(`:${type}`)).map((it) => it.provider));
  assert.deepEqual(providersOf("RecordSet"), new Set(["westeurope-zone"]));
  assert.ok(!providersOf("Zone").has("westeurope-zone"));
});

test("creates the records of a private zone and of the public challenge zone in the subscription of each", async () => {
  const challengeZoneSubscription = "33333333-3333-4333-8444-555555555555";
  const challenge = { challengeZone: "example.com", challengeZoneResourceGroup: "public" };
  const endpoint = {
    hostname: "cache.example.com",
    exposure: "private",
    zone: "example.com",
    zoneResourceGroup: "dns",
    zoneSubscription: "22222222-2222-4333-8444-555555555555",
    tls: { mode: "acme", email: "platform@example.com", ...challenge, challengeZoneSubscription },
  };
  const access = { clients: ["10.0.0.0/8"] };
  const { resource, resources } = await vm({ endpoint, access }, [gsoci], {}, undefined, { zone: "private" });
  const { subscriptionId } = resource("azure-native", "westeurope-challenge-zone").inputs;
  assert.equal(subscriptionId, challengeZoneSubscription);
  const records = resources.filter(({ type }) => /RecordSet$/.test(type));
  assert.deepEqual(Object.fromEntries(records.map(({ name, provider }) => [name, provider])), {
    "westeurope-acme-challenge": "westeurope-challenge-zone",
    "westeurope-acme-delegation": "westeurope-challenge-zone",
    "westeurope-address": "westeurope-zone",
    "westeurope-private-acme-challenge": "westeurope-zone",
  });
});

const set = "/subscriptions/s/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/disks";
const identity =
  "/subscriptions/s/resourceGroups/keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities/storage";
const storageKey = { key: "https://keys.vault.azure.net/keys/storage", identity };
const encrypted = {
  identity: { type: "UserAssigned", userAssignedIdentities: [identity] },
  encryption: {
    keySource: "Microsoft.Keyvault",
    keyVaultProperties: { keyVaultUri: "https://keys.vault.azure.net", keyName: "storage" },
    encryptionIdentity: { encryptionUserAssignedIdentity: identity },
    services: { blob: { enabled: true, keyType: "Account" } },
  },
};

function encryptionOf(account: Record<string, unknown>) {
  return { identity: account.identity, encryption: account.encryption };
}

test("encrypts a machine's disks with the disk encryption set, and its storage account with the key", async () => {
  const encryptionType = "EncryptionAtRestWithPlatformAndCustomerKeys";
  const { inputs, resource } = await vm(
    { storage: { kind: "bucket" } },
    undefined,
    {},
    undefined,
    { encryptionType },
    {
      diskEncryptionSet: { westeurope: set },
      storageKey,
    },
  );
  assert.deepEqual(inputs("Disk").encryption, { type: encryptionType, diskEncryptionSetId: set });
  const { storageProfile } = inputs("VirtualMachine") as {
    storageProfile: { osDisk: { managedDisk: { diskEncryptionSet?: unknown } } };
  };
  assert.deepEqual(storageProfile.osDisk.managedDisk.diskEncryptionSet, { id: set });
  assert.ok(
    resource("VirtualMachine").replaceOnChanges.includes(
      "storageProfile.osDisk.managedDisk.diskEncryptionSet",
    ),
  );
  assert.deepEqual(encryptionOf(inputs("StorageAccount")), encrypted);
});

test("encrypts nodes' disks with the disk encryption set, which the cluster's identity may read, and the storage account with the key", async () => {
  const { find } = await cluster({}, undefined, {}, { diskEncryptionSet: set, storageKey });
  const made = find("ManagedCluster");
  assert.equal(made.inputs.diskEncryptionSetID, set);
  const right = find("RoleAssignment", `${made.name}-disk-encryption-set`);
  assert.equal(right.inputs.scope, set);
  assert.match(String(right.inputs.roleDefinitionId), /\/acdd72a7-3385-48ef-bd42-f606fba81ae7$/);
  assert.ok(made.dependencies.some((it) => it.endsWith(` ${made.name}-disk-encryption-set`)));
  assert.deepEqual(encryptionOf(find("StorageAccount").inputs), encrypted);
});

test("encrypts the disks of machines and nodes at the host, if that is required, which replaces existing ones", async () => {
  const atHost = { encryptionAtHost: true };
  const machine = async (type: string, governance = {}, previous: Partial<Previous> = {}) => {
    const { resource } = await vm({ machine: { type } }, undefined, previous, undefined, {}, governance);
    return resource("VirtualMachine");
  };
  const { inputs, replaceOnChanges } = await machine("Standard_D2ps_v6", atHost);
  const { encryptionAtHost, securityType } = inputs.securityProfile as Record<string, unknown>;
  assert.deepEqual([encryptionAtHost, securityType], [true, "TrustedLaunch"]);
  assert.ok(replaceOnChanges.includes("securityProfile.encryptionAtHost"));
  assert.ok(!replaceOnChanges.includes("securityProfile"));
  const standard = await machine("Standard_B2pls_v2", atHost);
  assert.deepEqual(standard.inputs.securityProfile, atHost);
  const without = await machine("Standard_B2pls_v2");
  assert.ok(!("securityProfile" in without.inputs));
  // The size has got Trusted Launch since the machine was created.
  const was = { type: "Standard_D2ps_v6", zones: [], hasTrustedLaunch: false, encryptionAtHost: false };
  const trusted = await machine("Standard_D2ps_v6", {}, { machine: was });
  for (const { replaceOnChanges } of [standard, without, trusted])
    assert.ok(replaceOnChanges.includes("securityProfile"));
  const pool = ({ inputs: { agentPoolProfiles } }: Pick<RegisteredResource, "inputs">) =>
    (agentPoolProfiles as { enableEncryptionAtHost?: boolean }[])[0]?.enableEncryptionAtHost;
  const made = (await cluster({}, undefined, {}, atHost)).find("ManagedCluster");
  assert.equal(pool(made), true);
  assert.ok(made.replaceOnChanges.includes("agentPoolProfiles[0].enableEncryptionAtHost"));
  assert.equal(pool((await cluster()).find("ManagedCluster")), undefined);
});

test("leaves disks and accounts to Azure's keys without these settings", async () => {
  const { inputs } = await vm({ storage: { kind: "bucket" } });
  assert.deepEqual(inputs("Disk").encryption, { type: "EncryptionAtRestWithPlatformKey" });
  assert.deepEqual(encryptionOf(inputs("StorageAccount")), {
    identity: undefined,
    encryption: { keySource: "Microsoft.Storage" },
  });
});

test("sends audit logs of a vault, a storage account and a cluster to the workspace, and none of what is only read", async () => {
  const diagnostics =
    "/subscriptions/s/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/audit";
  const machine = await vm({ storage: { kind: "bucket" } }, undefined, {}, undefined, {}, { diagnostics });
  const own = await cluster({}, undefined, {}, { diagnostics });
  const settings = [...machine.resources, ...own.resources].filter(({ type }) =>
    type.endsWith(":DiagnosticSetting"),
  );
  for (const { inputs, ignoreChanges } of settings) {
    assert.equal(inputs.workspaceId, diagnostics);
    assert.deepEqual(ignoreChanges, ["logAnalyticsDestinationType"]);
  }
  assert.deepEqual(
    settings
      .map(({ name, inputs }) => [
        name.replace(/^[a-z]+-/, ""),
        String(inputs.resourceUri).split("/").slice(-4, -1).join("/"),
        (inputs.logs as { category: string }[]).map(({ category }) => category),
      ])
      .sort(),
    [
      ["blobs", "storageAccounts/cache0123456789abcdef012/blobServices", ["StorageWrite", "StorageDelete"]],
      ["vault", "providers/Microsoft.KeyVault/vaults", ["AuditEvent"]],
      ["blobs", "storageAccounts/cache0123456789abcdef012/blobServices", ["StorageWrite", "StorageDelete"]],
      ["cluster", "providers/Microsoft.ContainerService/managedClusters", ["kube-audit-admin", "guard"]],
    ].sort(),
  );
});

test("refuses a storage account or a vault that a policy has closed, unless the cache has a way in", () => {
  const told = (access: Parameters<typeof demandReachable>[2]) => {
    try {
      demandReachable("vault", "cache", access);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const rules = { defaultAction: "Deny", ipRules: [], virtualNetworkRules: [] };
  const closed =
    /^the vault cache can't be reached: a policy such as "Configure key vaults to enable firewall" has/;
  for (const access of [
    { publicNetworkAccess: "Disabled" },
    { publicNetworkAccess: "SecuredByPerimeter" },
    { publicNetworkAccess: "Disabled", rules: { ...rules, ipRules: [{}] } },
    { publicNetworkAccess: "Disabled", privateEndpointConnections: [] },
    { rules },
  ])
    assert.match(told(access), closed);
  for (const access of [
    {},
    { publicNetworkAccess: "enabled", rules: { defaultAction: "allow" } },
    { rules: { ...rules, ipRules: [{}] } },
    { rules: { ...rules, virtualNetworkRules: [{}] } },
    { publicNetworkAccess: "Disabled", rules, privateEndpointConnections: [{}] },
  ])
    assert.equal(told(access), "");
});
