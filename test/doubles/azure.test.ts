/** The double must refuse what Azure refuses. Otherwise, a stack that passes proves nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recover, softDelete } from "./azure/identity.ts";
import { checkTags } from "./azure/resource.ts";
import { make, rule } from "./azure-things.ts";
import type { Thing } from "./cloud.ts";
import { testRefusals } from "./refusals.ts";

testRefusals(make, {
  "a region that there isn't": {
    of: "address",
    with: { location: "westeuropa" },
    says: /LocationNotAvailable/,
  },
  "a zone that there isn't": {
    of: "address",
    with: { publicIpAddressName: "b", location: "westindia" },
    says: /AvailabilityZoneNotSupported/,
  },
  "a group that there isn't": {
    of: "identity",
    with: { resourceGroupName: "other" },
    says: /ResourceNotFound: resourceGroupName/,
  },
  "a range with bits behind its length": {
    of: "firewall",
    with: { securityRules: [{ ...rule, sourceAddressPrefixes: ["203.0.113.1/24"] }] },
    says: /SecurityRuleInvalid/,
  },
  "a service tag in a list": {
    of: "firewall",
    with: { securityRules: [{ ...rule, sourceAddressPrefixes: ["VirtualNetwork"] }] },
    says: /source VirtualNetwork/,
  },
  "a service tag that there isn't": {
    of: "firewall",
    with: {
      securityRules: [
        { ...rule, sourceAddressPrefixes: undefined, sourceAddressPrefix: "AzureCloud.westeuropa" },
      ],
    },
    says: /source AzureCloud.westeuropa/,
  },
  "a rule for no port": {
    of: "firewall",
    with: { securityRules: [{ ...rule, destinationPortRange: undefined, destinationPortRanges: [] }] },
    says: /destination port/,
  },
  "more ranges than a group may have": {
    of: "firewall",
    with: {
      securityRules: [
        {
          ...rule,
          sourceAddressPrefixes: Array.from(
            { length: 4001 },
            (_, index) => `10.${index >> 8}.${index % 256}.0/24`,
          ),
        },
      ],
    },
    says: /TooManyAddressPrefixes: 4001 /,
  },
  "two rules of one priority": {
    of: "firewall",
    with: { securityRules: [rule, { ...rule, name: "other" }] },
    says: /SecurityRuleConflict/,
  },
  "a second use of an address": {
    of: "interface",
    with: { networkInterfaceName: "b" },
    says: /PublicIPAddressInUse/,
  },
  "a right for nobody": {
    of: "right",
    with: { principalId: "0e37df36-f698-4f2c-8a6f-000000000000" },
    says: /PrincipalNotFound/,
  },
  "the same right twice": {
    of: "right",
    with: { roleAssignmentName: "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e03" },
    says: /RoleAssignmentExists/,
  },
  "a vault name that is too long": {
    of: "vault",
    with: { vaultName: "c".repeat(25) },
    says: /InvalidResourceName/,
  },
  "a second link of a network with a zone": {
    of: "link",
    with: { virtualNetworkLinkName: "b" },
    says: /cannot be linked to multiple zones/,
  },
  "a private address for Traffic Manager": {
    of: "profile",
    with: { profileName: "b", endpoints: [{ name: "a", target: "10.1.0.4", priority: 1 }] },
    says: /addresses 10\.1\.0\.4/,
  },
  "a path for a probe by TCP": {
    of: "profile",
    with: { profileName: "b", monitorConfig: { protocol: "TCP", port: 443, path: "/" } },
    says: /path \/ with TCP/,
  },
  "name servers in a private zone": {
    of: "privateRecord",
    with: { recordType: "NS", relativeRecordSetName: "b" },
    says: /nothing in the NS record/,
  },
  "a CNAME beside another record": {
    of: "record",
    with: { recordType: "CNAME", aRecords: undefined, cnameRecord: { cname: "a.example.org" } },
    says: /a CNAME stands alone/,
  },
});

test("refuses to delete resources in use, and keeps the names of deleted vaults and secrets taken", () => {
  const { cloud, things } = make();
  for (const name of ["disk", "interface", "identity", "group"]) {
    const { type, id } = things[name] as Thing;
    assert.throws(() => cloud.delete(type, id, ""), /ResourceInUse/, name);
  }
  const { type, id, inputs } = things.vault as Thing;
  for (const _ of ["there", "gone"]) cloud.delete(type, id, "");
  assert.throws(() => cloud.create(type, "again", inputs, ""), /exists in deleted state/);
  recover(cloud, things.vault as Thing);
  const secret = things.secret as Thing;
  softDelete(cloud, secret);
  assert.throws(() => cloud.create(secret.type, "again", secret.inputs, ""), /deleted but recoverable state/);
  recover(cloud, secret);
  assert.ok(cloud.things().includes(secret));
});

test("refuses to remove a subnet in use from its network", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.network as Thing;
  const wire = things.interface as Thing;
  const without = { ...inputs, subnets: [] };
  const subnet = { id: `${id}/subnets/machine` };
  cloud.create(
    wire.type,
    "b",
    { ...wire.inputs, networkInterfaceName: "b", ipConfigurations: [{ subnet }] },
    "",
  );
  assert.throws(() => cloud.update(type, id, without, ""), /InUseSubnetCannotBeDeleted/);
});

test("refuses to move an interface to another network", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.interface as Thing;
  const subnet = { id: `${things.network?.id}/subnets/machine` };
  const moved = { ...inputs, ipConfigurations: [{ name: "a", subnet }] };
  assert.throws(() => cloud.update(type, id, moved, ""), /PropertyChangeNotAllowed: the network/);
});

test("refuses tags that Azure, or a DNS zone, doesn't allow", () => {
  const disk = "Microsoft.Compute/disks";
  const zone = "Microsoft.Network/dnsZones";
  checkTags(disk, { "Cost Center": "a" });
  for (const tags of [{ "a/b": "" }, { azureTeam: "" }, { team: "", Team: "" }, { a: "b".repeat(257) }])
    assert.throws(() => checkTags(disk, tags), /InvalidTagNameCharacters/);
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, ""]));
  checkTags(disk, many);
  for (const tags of [{ "Cost Center": "a" }, { "4eyes": "" }, many])
    assert.throws(() => checkTags(zone, tags), /InvalidTagNameCharacters/);
});
