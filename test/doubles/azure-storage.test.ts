/** The double must refuse what Azure's disks and Blob Storage refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existing } from "./azure/account.ts";
import { expiry, make } from "./azure-things.ts";
import type { Thing } from "./cloud.ts";
import { testRefusals } from "./refusals.ts";

testRefusals(make, {
  "an input that it doesn't have": { of: "disk", with: { sizeGiB: 1 }, says: /sizeGiB is not an input/ },
  "a missing input": { of: "disk", with: { creationData: undefined }, says: /creationData is required/ },
  "a name that is taken": { of: "disk", with: {}, says: /AlreadyExists/ },
  "a name with a character that Azure doesn't take": {
    of: "disk",
    with: { diskName: "a/b" },
    says: /InvalidResourceName/,
  },
  "more throughput than IOPS carry": {
    of: "disk",
    with: { diskName: "b", diskMBpsReadWrite: 1000 },
    says: /1000 MB\/s with 3000 IOPS/,
  },
  "Premium SSD v2 without a zone": { of: "disk", with: { diskName: "b", zones: undefined }, says: /zonal/ },
  "the name of an account that there is in another group": {
    of: "account",
    with: { resourceGroupName: existing.resourceGroup },
    says: /StorageAccountAlreadyTaken/,
  },
  "the name of an account with a hyphen": {
    of: "account",
    with: { accountName: "cache-0123" },
    says: /InvalidResourceName/,
  },
  "a redundancy that there isn't": {
    of: "account",
    with: { sku: { name: "LRS" } },
    says: /sku\.name must be one of Standard_LRS, .* not LRS/,
  },
  "a container that everybody may read": {
    of: "container",
    with: { containerName: "open", publicAccess: "Blob" },
    says: /PublicAccessNotPermitted/,
  },
  "a container in no account": {
    of: "container",
    with: { accountName: "other" },
    says: /accountName: there is no azure-native:storage:StorageAccount/,
  },
  "a second lifecycle policy": { of: "lifecycle", with: {}, says: /AlreadyExists/ },
  "a lifecycle rule that moves what can't be moved": {
    of: "lifecycle",
    with: {
      policy: {
        rules: [
          {
            ...expiry,
            definition: {
              ...expiry.definition,
              actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 9 } } },
            },
          },
        ],
      },
    },
    says: /tierToCool is not for appendBlob/,
  },
});

test("deletes a storage account's container and rules with it", () => {
  const { cloud, things } = make();
  const { type, id } = things.account as Thing;
  const look = () =>
    cloud.invoke(
      "azure-native:storage:getStorageAccount",
      { resourceGroupName: "cache", accountName: "cache0123" },
      "",
    );
  assert.equal(look().id, id);
  cloud.delete(type, id, "");
  for (const name of ["container", "lifecycle"]) {
    assert.equal(cloud.find((things[name] as Thing).type, (things[name] as Thing).id, ""), undefined, name);
  }
  assert.throws(look, /ResourceNotFound/);
});

test("refuses to make a storage account zone-redundant", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.account as Thing;
  const withSku = (name: string) => cloud.update(type, id, { ...inputs, sku: { name } }, "");
  assert.throws(
    () => withSku("Standard_ZRS"),
    /AccountPropertyCannotBeUpdated: .* from Standard_LRS to Standard_ZRS/,
  );
  withSku("Standard_GRS");
});

test("keeps an account's key until it is told to give it up, and changes the key only with the present identity", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.account as Thing;
  const encrypted = (keyName: string, name: string) => {
    const { id: identity } = things[name] as Thing;
    return {
      ...inputs,
      identity: { type: "UserAssigned", userAssignedIdentities: [identity] },
      encryption: {
        keySource: "Microsoft.Keyvault",
        keyVaultProperties: { keyVaultUri: "https://keys.vault.azure.net", keyName },
        encryptionIdentity: { encryptionUserAssignedIdentity: identity },
      },
    };
  };
  const { type: kind, inputs: named } = things.identity as Thing;
  const another = cloud.create(kind, "another", { ...named, resourceName: "another" }, "");
  Object.assign(things, { another });
  cloud.update(type, id, encrypted("one", "identity"), "");
  assert.throws(() => cloud.update(type, id, inputs, ""), /the key would stay/);
  assert.throws(() => cloud.update(type, id, encrypted("two", "another"), ""), /key and identity at once/);
  cloud.update(type, id, encrypted("one", "another"), "");
  cloud.update(type, id, { ...inputs, encryption: { keySource: "Microsoft.Storage" } }, "");
});
