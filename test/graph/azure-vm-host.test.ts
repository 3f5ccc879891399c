/** Which resources a region in Azure is made of, and with what. It proves nothing about what Azure does with them: see test/engine. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { roles } from "../../components/hosts/azure/identity.ts";
import { planAzureVm } from "../../components/hosts/azure/plan.ts";
import type { Previous } from "../../components/hosts/azure/previous.ts";
import { VmHost } from "../../components/hosts/azure/vm-host.ts";
import { type RegisteredResource, registeredBy, settled } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";
import { takenBy } from "../support/runbooks.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const group = `/subscriptions/${subscription}/resourceGroups/registry-cache-test-westeurope`;
const principalId = "22222222-2222-4222-8222-222222222222";
const clientId = "33333333-3333-4333-8333-333333333333";
const storageAccount = "cache0123456789abcdef012";
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const endpoint = { hostname: "cache.westeurope.example.com", zone: "example.com", zoneResourceGroup: "dns" };
const gsoci = { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] };
const team = {
  name: "team",
  registry: "team.example.com:5000",
  repositories: ["**"],
  credentials: "team-login",
};
const westeurope = {
  name: "westeurope",
  topology: "vm",
  storage: { kind: "disk", size: "240GiB" },
  endpoint: { ...endpoint, tls: { mode: "acme", email: "platform@example.com" } },
  access: { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] },
};

interface Graph {
  readonly resources: readonly RegisteredResource[];
  readonly host: VmHost;
  /** The inputs of the one resource of a type and, if need be, of a name. */
  inputs(type: string, name?: string): Record<string, unknown>;
}

/** What Azure would answer, as far as other resources need it. */
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

async function graphOf(
  change: Record<string, unknown> = {},
  upstreams: Record<string, unknown>[] = [gsoci, team],
  previous: Partial<Previous> = {},
  hasTrustedLaunch?: boolean,
): Promise<Graph> {
  const request = planRequest("azure vm", {
    provider: "azure",
    regions: [{ ...westeurope, ...change }],
    upstreams,
    ...(upstreams.includes(team) && {
      "team-login": { username: "reader", password: { secure: "v1:x" } },
    }),
  });
  const { plan, problems } = planAzureVm(request);
  assert.deepEqual(problems, []);
  assert.ok(plan);
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  let host: VmHost | undefined;
  const resources = await registeredBy(() => {
    const found = { storageAccount, hasTrustedLaunch, previous: { secrets: [], ...previous } };
    host = new VmHost(plan.region.name, { plan, found, secrets: { credentials } });
  }, azure);
  assert.ok(host);
  return {
    resources,
    host,
    inputs(type, name) {
      const found = resources.filter(
        (it) => it.type.endsWith(`:${type}`) && (name === undefined || it.name === name),
      );
      assert.equal(found.length, 1, `${found.length} of ${type} ${name ?? ""}`);
      return found[0]?.inputs ?? {};
    },
  };
}

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  const find = (type: string, name = "westeurope") => {
    const found = graph.resources.find((it) => it.type.endsWith(`:${type}`) && it.name === name);
    assert.ok(found, `no ${type} ${name}`);
    return found;
  };

  test("is replaced by the runbook's update: the machine, and the records stay away", () => {
    const of = { stack: "azure-westeurope", resources: graph.resources };
    assert.deepEqual(takenBy("replace", of), ["azure-native:compute:VirtualMachine westeurope"]);
    assert.deepEqual(takenBy("exclude", of).sort(), [
      "azure-native:dns:RecordSet westeurope-acme-challenge",
      "azure-native:dns:RecordSet westeurope-acme-delegation",
      "azure-native:dns:RecordSet westeurope-address",
    ]);
  });

  test("is these resources, by these types and names for ever", () => {
    const [host, ...children] = graph.resources;
    assert.deepEqual([host?.type, host?.name], ["registry-cache:azure:VmHost", "westeurope"]);
    assert.deepEqual(
      children.map(({ type, name }) => `${type.replace("azure-native:", "")} ${name}`).sort(),
      [
        "authorization:RoleAssignment westeurope-acme",
        "authorization:RoleAssignment westeurope-credentials-team",
        "compute:Disk westeurope",
        "compute:VirtualMachine westeurope",
        "dns:RecordSet westeurope-acme-challenge",
        "dns:RecordSet westeurope-acme-delegation",
        "dns:RecordSet westeurope-address",
        "dns:Zone westeurope",
        "keyvault:Secret westeurope-credentials-team",
        "keyvault:Vault westeurope",
        "managedidentity:UserAssignedIdentity westeurope",
        "network:NetworkInterface westeurope",
        "network:NetworkSecurityGroup westeurope",
        "network:PublicIPAddress westeurope",
        "network:VirtualNetwork westeurope",
        "pulumi:index:Stash westeurope-image-arm64",
        "resources:ResourceGroup westeurope",
      ],
    );
    for (const child of children) assert.equal(child.parent, "registry-cache:azure:VmHost westeurope");
  });

  test("of which the disk alone is protected, and the machine alone is deleted first", () => {
    const named = (kind: (it: RegisteredResource) => boolean) =>
      graph.resources.filter(kind).map(({ type }) => type);
    assert.deepEqual(
      named(({ protect }) => protect),
      ["azure-native:compute:Disk"],
    );
    assert.deepEqual(
      named(({ deleteBeforeReplace }) => deleteBeforeReplace),
      ["azure-native:compute:VirtualMachine"],
    );
  });

  test("what Azure doesn't change on a right or a disk makes a new one", () => {
    assert.deepEqual(find("RoleAssignment", "westeurope-acme").replaceOnChanges, ["roleDefinitionId"]);
    // The preview says so, and `protect` doesn't let it happen.
    assert.deepEqual(find("Disk").replaceOnChanges, ["creationData"]);
  });

  test("the machine takes disk, interface and identity, and lets them go; its own disk goes with it", () => {
    const machine = graph.inputs("VirtualMachine") as {
      storageProfile: { dataDisks: unknown; osDisk: Record<string, unknown> };
      networkProfile: unknown;
      identity: unknown;
    };
    assert.deepEqual(machine.storageProfile.dataDisks, [
      {
        lun: 0,
        createOption: "Attach",
        caching: "None",
        deleteOption: "Detach",
        managedDisk: { id: "westeurope-id" },
      },
    ]);
    assert.equal(machine.storageProfile.osDisk.deleteOption, "Delete");
    assert.deepEqual(machine.networkProfile, {
      networkInterfaces: [{ id: "westeurope-id", primary: true, deleteOption: "Detach" }],
    });
    assert.deepEqual(machine.identity, {
      type: "UserAssigned",
      userAssignedIdentities: [
        `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/registry-cache-westeurope-identity`,
      ],
    });
  });

  test("it starts when its rights and records are there", () => {
    const { dependencies } = find("VirtualMachine");
    for (const needed of [
      "authorization:RoleAssignment westeurope-acme",
      "authorization:RoleAssignment westeurope-credentials-team",
      "dns:RecordSet westeurope-acme-challenge",
      "dns:RecordSet westeurope-acme-delegation",
    ]) {
      assert.ok(dependencies.includes(`azure-native:${needed}`), needed);
    }
  });

  test("it is Debian 13 for Arm, pinned, and without a login", () => {
    const machine = graph.inputs("VirtualMachine") as {
      storageProfile: { imageReference: Record<string, string> };
      osProfile: { adminPassword?: string; linuxConfiguration: Record<string, unknown> };
    } & Record<string, unknown>;
    const { version, ...image } = machine.storageProfile.imageReference;
    assert.deepEqual(image, { publisher: "Debian", offer: "debian-13", sku: "13-arm64" });
    assert.match(version ?? "", /^0\.\d{8}\.\d+$/);
    // What a later version of the project comes with replaces nothing.
    const stash = find("Stash", "westeurope-image-arm64");
    assert.deepEqual([stash.inputs, stash.ignoreChanges], [{ input: version }, ["input"]]);
    assert.equal(machine.osProfile.adminPassword, undefined);
    assert.equal(machine.osProfile.linuxConfiguration.disablePasswordAuthentication, true);
    assert.deepEqual(machine.diagnosticsProfile, { bootDiagnostics: { enabled: true } });
  });

  test("disk and machine are in one zone, the address in all", () => {
    for (const type of ["Disk", "VirtualMachine"]) assert.deepEqual(graph.inputs(type).zones, ["1"], type);
    assert.deepEqual(graph.inputs("PublicIPAddress").zones, ["1", "2", "3"]);
  });

  test("the disk is encrypted by the platform, and can't be exported", () => {
    const { tags: _, ...disk } = graph.inputs("Disk");
    assert.deepEqual(disk, {
      resourceGroupName: "registry-cache-test-westeurope",
      location: "westeurope",
      zones: ["1"],
      diskName: "registry-cache-westeurope-data",
      sku: { name: "PremiumV2_LRS" },
      diskSizeGB: 240,
      creationData: { createOption: "Empty", logicalSectorSize: 512 },
      diskIOPSReadWrite: 3000,
      diskMBpsReadWrite: 125,
      encryption: { type: "EncryptionAtRestWithPlatformKey" },
      networkAccessPolicy: "DenyAll",
      publicNetworkAccess: "Disabled",
    });
  });

  test("the address stays, and the interface is fast", () => {
    const address = graph.inputs("PublicIPAddress");
    assert.deepEqual(address.sku, { name: "Standard" });
    assert.equal(address.publicIPAllocationMethod, "Static");
    const { enableAcceleratedNetworking, networkSecurityGroup, ipConfigurations } =
      graph.inputs("NetworkInterface");
    assert.equal(enableAcceleratedNetworking, true);
    assert.deepEqual(networkSecurityGroup, { id: "westeurope-id" });
    const [{ subnet }] = ipConfigurations as [{ subnet: unknown }];
    assert.deepEqual(subnet, {
      id: `${group}/providers/Microsoft.Network/virtualNetworks/registry-cache-westeurope-network/subnets/machine`,
    });
  });

  test("each right is on one thing", () => {
    const rights = graph.resources.filter(({ type }) => type.endsWith(":RoleAssignment"));
    const vault = graph.inputs("Vault").vaultName;
    assert.deepEqual(
      Object.fromEntries(rights.map(({ name, inputs }) => [name, [inputs.scope, inputs.roleDefinitionId]])),
      {
        "westeurope-acme": [
          `${group}/providers/Microsoft.Network/dnsZones/acme.cache.westeurope.example.com`,
          `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles.dnsZoneContributor}`,
        ],
        "westeurope-credentials-team": [
          `${group}/providers/Microsoft.KeyVault/vaults/${vault}/secrets/credentials-team`,
          `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles.keyVaultSecretsUser}`,
        ],
      },
    );
    for (const { inputs } of rights) {
      assert.equal(inputs.principalId, principalId);
      assert.equal(inputs.principalType, "ServicePrincipal");
      assert.match(String(inputs.roleAssignmentName), uuidForm);
    }
    assert.equal(new Set(rights.map(({ inputs }) => inputs.roleAssignmentName)).size, rights.length);
  });

  test("the existing zone gets three records: the address, and the way into a zone for the proofs", () => {
    const record = (name: string) => {
      const { resourceGroupName, zoneName, ttl, ...rest } = graph.inputs("RecordSet", `westeurope-${name}`);
      assert.deepEqual([resourceGroupName, zoneName, ttl], ["dns", "example.com", 300]);
      return rest;
    };
    assert.deepEqual(record("address"), {
      recordType: "A",
      relativeRecordSetName: "cache.westeurope",
      aRecords: [{ ipv4Address: "192.0.2.7" }],
    });
    assert.deepEqual(record("acme-delegation"), {
      recordType: "NS",
      relativeRecordSetName: "acme.cache.westeurope",
      nsRecords: [{ nsdname: "ns1.azure.test." }, { nsdname: "ns2.azure.test." }],
    });
    assert.deepEqual(record("acme-challenge"), {
      recordType: "CNAME",
      relativeRecordSetName: "_acme-challenge.cache.westeurope",
      cnameRecord: { cname: "challenge.acme.cache.westeurope.example.com" },
    });
  });

  test("lego is told which identity it has, and not by the method that forgets it", () => {
    const { osProfile } = graph.inputs("VirtualMachine") as { osProfile: { customData: string } };
    const text = gunzipSync(Buffer.from(osProfile.customData, "base64")).toString();
    assert.match(text, new RegExp(`- name: AZURE_CLIENT_ID\\s+value: ${clientId}`));
    assert.match(text, /- name: AZURE_TOKEN_CREDENTIALS\s+value: ManagedIdentityCredential/);
    assert.match(text, /- name: AZURE_ZONE_NAME\s+value: acme\.cache\.westeurope\.example\.com/);
    assert.doesNotMatch(text, /AZURE_AUTH_METHOD/);
  });

  test("credentials are in a vault with roles, as a secret, and nowhere in plain text", () => {
    const { properties, vaultName } = graph.inputs("Vault");
    assert.match(String(vaultName), /^cache-[0-9a-f]{16}$/);
    assert.deepEqual(properties, {
      tenantId: "tenant",
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 7,
      enablePurgeProtection: true,
      publicNetworkAccess: "Enabled",
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
    });
    const { inputs, secrets, deletedWith } = find("Secret", "westeurope-credentials-team");
    assert.equal(inputs.vaultName, vaultName);
    assert.equal(deletedWith, "azure-native:keyvault:Vault westeurope");
    assert.deepEqual(Object.keys(secrets), ["properties.value"]);
    assert.deepEqual(JSON.parse(String(secrets["properties.value"])), {
      ServerURL: "",
      Username: "reader",
      Secret: "hunter2",
    });
    const plain = JSON.stringify(graph.resources.map(({ inputs, outputs }) => [inputs, outputs]));
    assert.doesNotMatch(plain, /hunter2|reader/);
  });

  test("it gives exactly its public outputs", async () => {
    const { host, resources } = graph;
    assert.deepEqual(
      [await settled(host.address), await settled(host.ca), host.diskGiB],
      ["192.0.2.7", undefined, 240],
    );
    assert.deepEqual(Object.keys(resources[0]?.outputs ?? {}).sort(), ["address", "diskGiB"]);
  });
});

describe("a region with a bucket", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf({ storage: { kind: "bucket", delivery: "redirect", expireDays: 30 } });
  });
  const account = `${group}/providers/Microsoft.Storage/storageAccounts/${storageAccount}`;
  const rightsOf = ({ resources }: Graph) =>
    Object.fromEntries(
      resources
        .filter(({ type, name }) => type.endsWith(":RoleAssignment") && name.includes("-store"))
        .map(({ name, inputs }) => [name, [inputs.scope, String(inputs.roleDefinitionId).split("/").at(-1)]]),
    );

  test("has a storage account without keys, for one region, which nobody reads in plain text or without a right", () => {
    const { tags: _, ...inputs } = graph.inputs("StorageAccount");
    assert.deepEqual(inputs, {
      resourceGroupName: "registry-cache-test-westeurope",
      location: "westeurope",
      accountName: storageAccount,
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      accessTier: "Hot",
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      defaultToOAuthAuthentication: true,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
      publicNetworkAccess: "Enabled",
    });
    const { containerName, accountName, publicAccess } = graph.inputs("BlobContainer");
    assert.deepEqual([accountName, containerName, publicAccess], [storageAccount, "registry", "None"]);
  });

  test("deletes what is old, of both kinds of blobs that distribution writes", () => {
    assert.deepEqual(graph.inputs("ManagementPolicy").policy, {
      rules: [
        {
          name: "expire",
          type: "Lifecycle",
          enabled: true,
          definition: {
            filters: { blobTypes: ["blockBlob", "appendBlob"] },
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } },
          },
        },
      ],
    });
  });

  test("lets the machine use the container, and sign URLs only where it redirects", async () => {
    const container = [
      `${account}/blobServices/default/containers/registry`,
      roles.storageBlobDataContributor,
    ];
    assert.deepEqual(rightsOf(graph), {
      "westeurope-store": container,
      "westeurope-store-redirect": [account, roles.storageBlobDelegator],
    });
    assert.deepEqual(rightsOf(await graphOf({ storage: { kind: "bucket" } })), {
      "westeurope-store": container,
    });
    const machine = graph.resources.find(({ type }) => type.endsWith(":VirtualMachine"));
    for (const name of ["westeurope-store", "westeurope-store-redirect"]) {
      assert.ok(machine?.dependencies.includes(`azure-native:authorization:RoleAssignment ${name}`), name);
    }
  });

  test("tells the Pod its container and the identity for it, and keeps a small disk for the rest", () => {
    const { osProfile } = graph.inputs("VirtualMachine") as { osProfile: { customData: string } };
    const text = gunzipSync(Buffer.from(osProfile.customData, "base64")).toString();
    assert.match(text, new RegExp(`accountname: ${storageAccount}\\s+container: registry\\s`));
    assert.match(text, new RegExp(`name: origin-gsoci[^]+?name: AZURE_CLIENT_ID\\s+value: ${clientId}`));
    assert.doesNotMatch(text, /srv\/cache\/origin-/);
    assert.equal(/DIRECTORIES='([^']+)'/.exec(text)?.[1], "tls cache prometheus acme");
    assert.equal(graph.host.diskGiB, 20);
  });
});

describe("the firewall", () => {
  const rulesOf = async (access: Record<string, unknown>, direction: string, port?: number) => {
    const change = { access, ...(port && { endpoint: { ...westeurope.endpoint, port } }) };
    const { securityRules } = (await graphOf(change)).inputs("NetworkSecurityGroup");
    return (securityRules as Record<string, unknown>[]).filter((rule) => rule.direction === direction);
  };
  const denial = (direction: string) => ({
    name: `nothing-else-${direction.toLowerCase()}`,
    priority: 4096,
    direction,
    access: "Deny",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
  });

  test("clients at the endpoint, monitoring at the metrics, by IPv4, and nobody else", async () => {
    const rules = await rulesOf(westeurope.access, "Inbound");
    const common = {
      direction: "Inbound",
      access: "Allow",
      protocol: "Tcp",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
    };
    assert.deepEqual(rules, [
      {
        ...common,
        name: "clients",
        priority: 100,
        sourceAddressPrefixes: ["203.0.113.0/24"],
        destinationPortRange: "443",
      },
      {
        ...common,
        name: "metrics",
        priority: 110,
        sourceAddressPrefixes: ["198.51.100.10/32"],
        destinationPortRange: "9443",
      },
      denial("Inbound"),
    ]);
  });

  test("everyone only where the configuration says `public`, and never at the metrics", async () => {
    const [clients, ...others] = await rulesOf({ clients: "public" }, "Inbound", 8443);
    assert.equal(clients?.sourceAddressPrefix, "*");
    assert.equal(clients?.destinationPortRange, "8443");
    assert.deepEqual(others, [denial("Inbound")]);
  });

  test("the machine reaches servers by the ports that they have, and nothing else", async () => {
    const [tcp, udp, ...others] = await rulesOf(westeurope.access, "Outbound");
    const common = {
      direction: "Outbound",
      access: "Allow",
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
    };
    assert.deepEqual(tcp, {
      ...common,
      name: "to-servers-by-tcp",
      priority: 100,
      protocol: "Tcp",
      destinationPortRanges: ["53", "80", "443", "5000"],
    });
    assert.deepEqual(udp, {
      ...common,
      name: "to-servers-by-udp",
      priority: 110,
      protocol: "Udp",
      destinationPortRanges: ["53", "123"],
    });
    assert.deepEqual(others, [denial("Outbound")]);
  });
});

describe("choices", () => {
  test("without secrets there is no vault, and without ACME no zone", async () => {
    const withAcme = await graphOf({}, [gsoci]);
    assert.ok(!withAcme.resources.some(({ type }) => type.startsWith("azure-native:keyvault:")));
    const { resources } = await graphOf({ endpoint: { ...endpoint, tls: { mode: "private" } } }, [gsoci]);
    const types = resources.map(({ type }) => type.split(":").at(-1));
    assert.ok(!types.includes("Zone"));
    assert.equal(types.filter((type) => type === "RecordSet").length, 1);
  });

  test("a secret that isn't needed any more stays without its value, and without a reader", async () => {
    const { resources, inputs } = await graphOf({}, [gsoci], { secrets: ["credentials-team"] });
    const { vaultName, secretName, properties } = inputs("Secret", "westeurope-credentials-team");
    assert.deepEqual(
      [vaultName, secretName, properties],
      [inputs("Vault").vaultName, "credentials-team", { value: "removed" }],
    );
    const { dependencies = [] } = resources.find(({ type }) => type.endsWith(":VirtualMachine")) ?? {};
    const names = resources.map(({ type, name }) => `${type} ${name}`);
    for (const all of [names, dependencies]) {
      assert.ok(!all.includes("azure-native:authorization:RoleAssignment westeurope-credentials-team"));
    }
  });

  test("a private authority: clients are told what to trust, and its key goes to the machine by a secret alone", async () => {
    const { host, resources, inputs } = await graphOf(
      { endpoint: { ...endpoint, tls: { mode: "private" } } },
      [gsoci],
    );
    assert.deepEqual(await settled(host.ca), {
      file: `/etc/registry-cache/${endpoint.hostname}.crt`,
      certificate: "CERTIFICATE\n",
    });
    const secret = resources.find(
      ({ type, name }) => type.endsWith(":Secret") && name === "westeurope-authority",
    );
    assert.deepEqual(secret?.secrets, { "properties.value": "CERTIFICATE\nAUTHORITY KEY\n" });
    assert.match(String(inputs("RoleAssignment", "westeurope-authority").scope), /\/secrets\/authority$/);
    const others = resources.filter((it) => it !== secret);
    assert.doesNotMatch(JSON.stringify(others), /AUTHORITY KEY/);
  });

  test("an image of the configuration, by its version or its id, is taken as it is", async () => {
    const imageOf = async (image: string) => {
      const { inputs, resources } = await graphOf({ machine: { image } });
      assert.ok(!resources.some(({ type }) => type.endsWith(":Stash")));
      return (inputs("VirtualMachine").storageProfile as { imageReference: unknown }).imageReference;
    };
    assert.deepEqual(await imageOf("0.20250101.1000"), {
      publisher: "Debian",
      offer: "debian-13",
      sku: "13-arm64",
      version: "0.20250101.1000",
    });
    const id = `/subscriptions/${subscription}/resourceGroups/images/providers/Microsoft.Compute/galleries/hub/images/debian/versions/1.0.0`;
    assert.deepEqual(await imageOf(id), { id });
  });

  test("an existing resource group: all goes there, and none is made", async () => {
    const { resources, inputs } = await graphOf({ resourceGroup: "caches" });
    assert.ok(!resources.some(({ type }) => type.endsWith(":ResourceGroup")));
    for (const type of ["VirtualMachine", "Disk", "NetworkInterface", "UserAssignedIdentity", "Vault"]) {
      assert.equal(inputs(type).resourceGroupName, "caches", type);
    }
  });

  test("without a zone there are no records", async () => {
    const bare = { hostname: "cache.example.org", tls: { mode: "private" } };
    const { resources } = await graphOf({ endpoint: bare }, [gsoci]);
    assert.ok(!resources.some(({ type }) => type.startsWith("azure-native:dns")));
  });

  test("a given certificate: the right to read it where it is", async () => {
    const other = "44444444-4444-4444-8444-444444444444";
    const secretName = `/subscriptions/${other}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/keys/secrets/cache`;
    const { inputs } = await graphOf({ endpoint: { ...endpoint, tls: { mode: "provided", secretName } } });
    const right = inputs("RoleAssignment", "westeurope-certificate");
    assert.equal(right.scope, secretName);
    assert.equal(
      right.roleDefinitionId,
      `/subscriptions/${other}/providers/Microsoft.Authorization/roleDefinitions/${roles.keyVaultSecretsUser}`,
    );
  });

  test("an existing network: its subnet, and no other", async () => {
    const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
    const { resources, inputs } = await graphOf({ network: { vnet, subnet: "caches" } });
    assert.ok(!resources.some(({ type }) => type.endsWith(":VirtualNetwork")));
    const [{ subnet }] = inputs("NetworkInterface").ipConfigurations as [{ subnet: unknown }];
    assert.deepEqual(subnet, { id: `${vnet}/subnets/caches` });
  });

  test("an x64 size gets the image for it; Ampere's Arm sizes have no Trusted Launch, all others do, unless Azure says otherwise", async () => {
    const skuOf = async (type: string, hasTrustedLaunch?: boolean) => {
      const { inputs } = await graphOf({ machine: { type } }, [gsoci], {}, hasTrustedLaunch);
      const { storageProfile, securityProfile, hardwareProfile } = inputs("VirtualMachine");
      assert.deepEqual(hardwareProfile, { vmSize: type });
      const { imageReference } = storageProfile as { imageReference: { sku: string } };
      if (securityProfile) {
        assert.deepEqual(securityProfile, {
          securityType: "TrustedLaunch",
          uefiSettings: { secureBootEnabled: true, vTpmEnabled: true },
        });
      }
      return [imageReference.sku, securityProfile !== undefined];
    };
    assert.deepEqual(await skuOf("Standard_D2s_v5"), ["13-gen2", true]);
    assert.deepEqual(await skuOf("Standard_D2ps_v5"), ["13-arm64", false]);
    assert.deepEqual(await skuOf("Standard_B2pls_v2"), ["13-arm64", false]);
    assert.deepEqual(await skuOf("Standard_D2ps_v6"), ["13-arm64", true]);
    assert.deepEqual(await skuOf("Standard_M8-2ms", false), ["13-gen2", false]);
  });

  test("an address of one zone, as it was made before, stays while the machine is in that zone", async () => {
    const address = { name: "registry-cache-westeurope-address", zones: ["1"] };
    const disk = { name: "registry-cache-westeurope-data", zones: ["1"] };
    const placed = async (availabilityZone: string, previous: Partial<Previous>) => {
      const { inputs } = await graphOf({ availabilityZone }, [gsoci], previous);
      const [{ publicIpAddressName, zones }, { diskName, zones: diskZones }] = [
        inputs("PublicIPAddress"),
        inputs("Disk"),
      ];
      return { address: { name: publicIpAddressName, zones }, disk: { name: diskName, zones: diskZones } };
    };
    assert.deepEqual(await placed("1", { address, disk }), { address, disk });
    // Both are there for a time, and can't have one name.
    const moved = {
      address: { name: "registry-cache-westeurope-address-all-zones", zones: ["1", "2", "3"] },
      disk: { name: "registry-cache-westeurope-data-2", zones: ["2"] },
    };
    assert.deepEqual(await placed("2", { address, disk }), moved);
    assert.deepEqual(await placed("2", moved), moved);
    const back = await placed("1", moved);
    assert.deepEqual(back, {
      address: moved.address,
      disk: { name: "registry-cache-westeurope-data-1", zones: ["1"] },
    });
  });

  test("a region without zones has none, and one without Premium SSD v2 has Premium SSD", async () => {
    const { inputs } = await graphOf({ name: "uksouth", availabilityZone: "3" });
    assert.deepEqual(inputs("Disk").zones, ["3"]);
    const zoneless = await graphOf({ name: "westindia" });
    for (const type of ["Disk", "PublicIPAddress", "VirtualMachine"]) {
      assert.equal(zoneless.inputs(type).zones, undefined, type);
    }
    const { sku, creationData, diskIOPSReadWrite } = zoneless.inputs("Disk");
    assert.deepEqual(
      [sku, creationData, diskIOPSReadWrite],
      [{ name: "Premium_LRS" }, { createOption: "Empty" }, undefined],
    );
  });
});
