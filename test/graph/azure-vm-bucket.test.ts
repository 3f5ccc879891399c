/** The bucket of a region on a VM in Azure. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { roles } from "../../components/hosts/azure/identity.ts";
import { clientId, type Graph, graphOf, group, storageAccount } from "./azure-vm-region.ts";

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
