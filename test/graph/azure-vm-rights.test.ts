/** What a machine in Azure may read and do: its secrets and its bucket. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { roles } from "../../components/hosts/azure/roles.ts";
import { settled } from "../support/graph.ts";
import { ca } from "../support/kubernetes-regions.ts";
import {
  clientId,
  endpoint,
  type Graph,
  graphOf,
  group,
  gsoci,
  podText,
  principalId,
  storageAccount,
  subscription,
} from "./azure-vm-region.ts";

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("has each right on a single resource", () => {
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

  test("tells lego which identity to use, by the method that doesn't forget it", () => {
    const text = podText(graph);
    assert.match(text, new RegExp(`- name: AZURE_CLIENT_ID\\s+value: ${clientId}`));
    assert.match(text, /- name: AZURE_TOKEN_CREDENTIALS\s+value: ManagedIdentityCredential/);
    assert.match(text, /- name: AZURE_ZONE_NAME\s+value: acme\.cache\.westeurope\.example\.com/);
    assert.doesNotMatch(text, /AZURE_AUTH_METHOD/);
  });

  test("stores credentials in a vault with roles, as a secret, and nowhere in plain text", () => {
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
    const { inputs, secrets, deletedWith } = graph.resource("Secret", "westeurope-credentials-team");
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
});

describe("choices", () => {
  test("create no vault without secrets, and no zone without ACME", async () => {
    const withAcme = await graphOf({}, [gsoci]);
    assert.ok(!withAcme.resources.some(({ type }) => type.startsWith("azure-native:keyvault:")));
    const { resources } = await graphOf({ endpoint: { ...endpoint, tls: { mode: "private" } } }, [gsoci]);
    const types = resources.map(({ type }) => type.split(":").at(-1));
    assert.ok(!types.includes("Zone"));
    assert.equal(types.filter((type) => type === "RecordSet").length, 1);
  });

  test("keep an unneeded secret without its value and without a reader", async () => {
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

  test("output a private authority for clients, and pass its key to the machine only in a secret", async () => {
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

  test("allow the machine to read a provided certificate where it is", async () => {
    const other = "44444444-4444-4444-8444-444444444444";
    const secretName = `/subscriptions/${other}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/keys/secrets/cache`;
    const graph = (secretName: string) =>
      graphOf({ endpoint: { ...endpoint, tls: { mode: "provided", secretName, ca } } });
    const rightTo = async (secretName: string) =>
      (await graph(secretName)).inputs("RoleAssignment", "westeurope-certificate");
    const right = await rightTo(secretName);
    // Azure's ids aren't case-sensitive.
    const { roleAssignmentName } = await rightTo(secretName.replaceAll("keys", "Keys"));
    assert.equal(roleAssignmentName, right.roleAssignmentName);
    assert.equal(right.scope, secretName);
    assert.equal(
      right.roleDefinitionId,
      `/subscriptions/${other}/providers/Microsoft.Authorization/roleDefinitions/${roles.keyVaultSecretsUser}`,
    );
    const { host } = await graph(secretName);
    assert.equal((await settled(host.ca))?.certificate, ca);
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
      encryption: { keySource: "Microsoft.Storage" },
    });
    const { containerName, accountName, publicAccess } = graph.inputs("BlobContainer");
    assert.deepEqual([accountName, containerName, publicAccess], [storageAccount, "registry", "None"]);
  });

  test("deletes old objects of both kinds of blobs that distribution writes", () => {
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

  test("lets the machine use the container, and sign URLs only if it redirects", async () => {
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

  test("configures the Pod with its container and identity, and has a small disk for the rest", () => {
    const text = podText(graph);
    assert.match(text, new RegExp(`accountname: ${storageAccount}\\s+container: registry\\s`));
    assert.match(text, new RegExp(`name: origin-gsoci[^]+?name: AZURE_CLIENT_ID\\s+value: ${clientId}`));
    assert.doesNotMatch(text, /srv\/cache\/origin-/);
    assert.equal(/DIRECTORIES='([^']+)'/.exec(text)?.[1], "tls cache prometheus acme");
    assert.equal(graph.host.diskGiB, 20);
  });
});
