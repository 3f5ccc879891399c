/** The resources of a region in Azure, and their inputs. test/engine tests what Azure does with them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Previous } from "../../components/hosts/azure/vm/previous.ts";
import { podOf } from "../doubles/azure/user-data.ts";
import { type RegisteredResource, settled } from "../support/graph.ts";
import { takenBy } from "../support/runbooks.ts";
import { type Graph, graphOf, group, gsoci, subscription } from "./azure-vm-region.ts";

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("is replaced by the runbook's update, while the records stay away", () => {
    const of = { stack: "azure-westeurope", resources: graph.resources };
    assert.deepEqual(takenBy("replace", of), ["azure-native:compute:VirtualMachine westeurope"]);
    assert.deepEqual(takenBy("exclude", of).sort(), [
      "azure-native:dns:RecordSet westeurope-acme-challenge",
      "azure-native:dns:RecordSet westeurope-acme-delegation",
      "azure-native:dns:RecordSet westeurope-address",
    ]);
  });

  test("has these resources, whose types and names never change", () => {
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

  test("protects only the disk, and deletes the machine and what has the host's name before a replacement", () => {
    const named = (kind: (it: RegisteredResource) => boolean) =>
      graph.resources.filter(kind).map(({ type }) => type);
    assert.deepEqual(
      named(({ protect }) => protect),
      ["azure-native:compute:Disk"],
    );
    assert.deepEqual(
      named(({ deleteBeforeReplace }) => deleteBeforeReplace),
      [
        "azure-native:dns:RecordSet",
        "azure-native:dns:Zone",
        "azure-native:dns:RecordSet",
        "azure-native:authorization:RoleAssignment",
        "azure-native:dns:RecordSet",
        "azure-native:compute:VirtualMachine",
      ],
    );
  });

  test("replaces a right or a disk for properties that Azure can't change", () => {
    assert.deepEqual(graph.resource("RoleAssignment", "westeurope-acme").replaceOnChanges, [
      "roleDefinitionId",
    ]);
    // The preview says so, and `protect` prevents it.
    assert.deepEqual(graph.resource("Disk").replaceOnChanges, ["creationData"]);
  });

  test("detaches disk, interface and identity from a deleted machine, and deletes its system disk with it", () => {
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

  test("starts the machine once its rights and records exist", () => {
    const { dependencies } = graph.resource("VirtualMachine");
    for (const needed of [
      "authorization:RoleAssignment westeurope-acme",
      "authorization:RoleAssignment westeurope-credentials-team",
      "dns:RecordSet westeurope-acme-challenge",
      "dns:RecordSet westeurope-acme-delegation",
    ]) {
      assert.ok(dependencies.includes(`azure-native:${needed}`), needed);
    }
  });

  test("has a pinned Debian 13 for Arm, without a login", () => {
    const machine = graph.inputs("VirtualMachine") as {
      storageProfile: { imageReference: Record<string, string> };
      osProfile: { adminPassword?: string; linuxConfiguration: Record<string, unknown> };
    } & Record<string, unknown>;
    const { version, ...image } = machine.storageProfile.imageReference;
    assert.deepEqual(image, { publisher: "Debian", offer: "debian-13", sku: "13-arm64" });
    assert.match(version ?? "", /^0\.\d{8}\.\d+$/);
    // A newer image in a later version of the project replaces nothing.
    const stash = graph.resource("Stash", "westeurope-image-arm64");
    assert.deepEqual([stash.inputs, stash.ignoreChanges], [{ input: version }, ["input"]]);
    assert.equal(machine.osProfile.adminPassword, undefined);
    assert.equal(machine.osProfile.linuxConfiguration.disablePasswordAuthentication, true);
    assert.deepEqual(machine.diagnosticsProfile, { bootDiagnostics: { enabled: true } });
  });

  test("puts disk and machine into one zone, and the address into all", () => {
    for (const type of ["Disk", "VirtualMachine"]) assert.deepEqual(graph.inputs(type).zones, ["1"], type);
    assert.deepEqual(graph.inputs("PublicIPAddress").zones, ["1", "2", "3"]);
  });

  test("encrypts the disk with the platform's key, and forbids its export", () => {
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

  test("has exactly its public outputs", async () => {
    const { host, resources } = graph;
    assert.deepEqual(
      [await settled(host.address), await settled(host.ca), host.diskGiB],
      ["192.0.2.7", undefined, 240],
    );
    const { digest } = podOf(String(graph.inputs("VirtualMachine").userData));
    assert.equal(await settled(host.pod), digest);
    assert.deepEqual(Object.keys(resources[0]?.outputs ?? {}).sort(), ["address", "diskGiB"]);
  });
});

describe("choices", () => {
  test("uses the configuration's image unchanged, by its version or its id", async () => {
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

  test("puts everything into an existing resource group, and creates none", async () => {
    const { resources, inputs } = await graphOf({ resourceGroup: "caches" });
    assert.ok(!resources.some(({ type }) => type.endsWith(":ResourceGroup")));
    for (const type of ["VirtualMachine", "Disk", "NetworkInterface", "UserAssignedIdentity", "Vault"]) {
      assert.equal(inputs(type).resourceGroupName, "caches", type);
    }
  });

  test("uses the x64 image for an x64 size, and Trusted Launch except on Ampere's Arm sizes or by Azure's answer", async () => {
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

  test("keeps an earlier version's address of one zone while the machine is in that zone", async () => {
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
    // Both addresses exist for some time, so they need different names.
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

  test("has no zones in a region without zones, and Premium SSD in one without Premium SSD v2", async () => {
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
