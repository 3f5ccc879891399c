import ipaddr from "ipaddr.js";
import { contains, isPort, isRange, lengthOf, overlap } from "../checks.ts";
import type { Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { groupId, resourceId, subnetsOf, types } from "./account.ts";
import { demandSameRegion, resource } from "./resource.ts";

const securityGroup = "azure-native:network:NetworkSecurityGroup";
export const publicAddress = "azure-native:network:PublicIPAddress";
export const networkInterface = "azure-native:network:NetworkInterface";
const recordSet = "azure-native:dns:RecordSet";

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork */
const pattern = /^[a-z0-9](?:[\w.-]{0,78}\w)?$/i;
const network = (type: string, name: string) => ({ kind: `Microsoft.Network/${type}`, name, pattern });

/** Of sources in all rules of a group: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
const mostRanges = 4000;

export function demandRanges(count: number): void {
  const message = `${count} address prefixes in a network security group, and at most ${mostRanges} are allowed`;
  demand(count <= mostRanges, "NetworkSecurityGroupTooManyAddressPrefixes", message);
}

export const networkRules: Readonly<Record<string, Rules>> = {
  [securityGroup]: resource(network("networkSecurityGroups", "networkSecurityGroupName"), {
    check(inputs) {
      const rules = valuesAt("securityRules[*]", inputs) as Inputs[];
      for (const rule of rules) checkRule(rule);
      demandRanges(valuesAt("securityRules[*].sourceAddressPrefixes[*]", inputs).length);
      const places = rules.map(({ direction, priority }) => `${direction} ${priority}`);
      demand(new Set(places).size === places.length, "SecurityRuleConflict", "two rules have one priority");
    },
  }),

  [publicAddress]: resource(
    { ...network("publicIPAddresses", "publicIpAddressName"), mostZones: 3 },
    {
      replacing: ["sku", "publicIPAddressVersion"],
      // "Zones cannot be added/updated/removed once the resource is created": https://github.com/Azure/azure-powershell/issues/13656
      fixed: ["zones"],
      check(inputs) {
        const isStandard = valueAt("sku.name", inputs) === "Standard";
        const isStatic = inputs.publicIPAllocationMethod === "Static";
        demand(
          isStandard && isStatic,
          "StandardSkuPublicIPAddressesMustBeStatic",
          "Standard addresses must be static",
        );
      },
      create: ({ cloud }) => ({
        id: "",
        outputs: { ipAddress: `198.51.100.${cloud.things(publicAddress).length + 1}` },
      }),
    },
  ),

  [types.virtualNetwork]: resource(network("virtualNetworks", "virtualNetworkName"), {
    references: [{ at: "subnets[*].networkSecurityGroup.id", to: securityGroup }],
    check(inputs) {
      const spaces = valuesAt("addressSpace.addressPrefixes[*]", inputs).map(String);
      const subnets = valuesAt("subnets[*].addressPrefix", inputs).map(String);
      const invalid = [...spaces, ...subnets].filter(
        (range) => !isRange(range, "ipv4") || lengthOf(range) > 29,
      );
      demand(invalid.length === 0, "InvalidAddressPrefixFormat", `not a range: ${invalid}`);
      for (const [index, range] of subnets.entries()) {
        demand(
          spaces.some((space) => contains(space, range)),
          "NetcfgInvalidSubnet",
          `${range} is outside`,
        );
        const taken = subnets.slice(0, index).some((other) => overlap(other, range));
        demand(!taken, "NetcfgSubnetRangesOverlap", `${range} overlaps another subnet`);
      }
    },
  }),

  [networkInterface]: resource(network("networkInterfaces", "networkInterfaceName"), {
    references: [
      { at: "networkSecurityGroup.id", to: securityGroup },
      { at: "ipConfigurations[*].publicIPAddress.id", to: publicAddress, exclusive: "PublicIPAddressInUse" },
      {
        at: "ipConfigurations[*].subnet.id",
        to: types.virtualNetwork,
        id: (id) => id.replace(/\/subnets\/[^/]+$/, ""),
      },
    ],
    admit(request) {
      const { cloud, scope, inputs } = request;
      for (const id of valuesAt("ipConfigurations[*].subnet.id", inputs).map(String)) {
        const [, networkId = "", name] = /^(.+)\/subnets\/([^/]+)$/.exec(id) ?? [];
        const own = cloud.find(types.virtualNetwork, networkId, scope);
        const found = own && subnetsOf(own).some((subnet) => subnet.name === name);
        demand(found, "InvalidResourceReference", `there is no subnet ${id}`);
        demandSameRegion(request, types.virtualNetwork, networkId);
      }
      for (const id of valuesAt("ipConfigurations[*].publicIPAddress.id", inputs)) {
        demandSameRegion(request, publicAddress, String(id));
      }
    },
  }),

  [types.zone]: resource(
    {
      kind: "Microsoft.Network/dnsZones",
      name: "zoneName",
      pattern: /^(?=.{1,253}$)(?:[a-z0-9_](?:[\w-]{0,61}[a-z0-9])?\.)+[a-z0-9]{2,}$/,
      isGlobal: true,
    },
    {
      check: ({ location }) =>
        demand(location === "global", "InvalidLocation", "DNS zones are in location 'global'"),
      create: () => ({
        id: "",
        outputs: {
          nameServers: ["com", "net", "org", "info"].map((it, index) => `ns${index + 1}-07.azure-dns.${it}.`),
        },
      }),
    },
  ),

  [recordSet]: {
    replacing: ["resourceGroupName", "zoneName", "relativeRecordSetName", "recordType"],
    references: [
      {
        at: "zoneName",
        to: types.zone,
        id: (name, request) => resourceId(request, "Microsoft.Network/dnsZones", name),
      },
      { at: "resourceGroupName", to: types.resourceGroup, id: (name, { scope }) => groupId(name, scope) },
    ],
    check(inputs) {
      const { recordType, zoneName } = inputs;
      const name = text("relativeRecordSetName", inputs);
      const valid =
        /^(?:@|(?:\w(?:[\w-]*\w)?)(?:\.\w(?:[\w-]*\w)?)*)$/.test(name) && !name.endsWith(`.${zoneName}`);
      demand(valid, "BadRequest", `The record name '${name}' is invalid`);
      demand((number("ttl", inputs) ?? 0) >= 1, "BadRequest", "a record set needs a TTL");
      const content = { A: "aRecords", CNAME: "cnameRecord", NS: "nsRecords", TXT: "txtRecords" }[
        String(recordType)
      ];
      demand(
        content !== undefined && inputs[content] !== undefined,
        "BadRequest",
        `nothing in the ${recordType} record`,
      );
      const addresses = valuesAt("aRecords[*].ipv4Address", inputs).map(String);
      demand(
        addresses.every((it) => ipaddr.IPv4.isValidFourPartDecimal(it)),
        "BadRequest",
        `address ${addresses}`,
      );
    },
    admit({ cloud, inputs }) {
      const same = cloud
        .things(recordSet)
        .filter(
          ({ inputs: other }) =>
            other.zoneName === inputs.zoneName &&
            other.relativeRecordSetName === inputs.relativeRecordSetName,
        );
      const isAlone = [inputs, ...same.map((it) => it.inputs)].every(
        ({ recordType }) => recordType !== "CNAME",
      );
      const isOnly = same.every((it) => it.inputs.recordType === inputs.recordType);
      demand(isAlone || isOnly, "Conflict", `${inputs.relativeRecordSetName}: a CNAME stands alone`);
    },
    create(request) {
      const { recordType, zoneName, relativeRecordSetName } = request.inputs;
      const zone = resourceId(request, "Microsoft.Network/dnsZones", zoneName);
      return {
        id: `${zone}/${recordType}/${relativeRecordSetName}`,
        outputs: { name: relativeRecordSetName, fqdn: `${relativeRecordSetName}.${zoneName}.` },
      };
    },
  },
};

/** https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#security-rules */
function checkRule(rule: Inputs): void {
  const invalid = (condition: unknown, message: string) =>
    demand(condition, "SecurityRuleInvalid", `security rule ${rule.name}: ${message}`);
  const priority = number("priority", rule) ?? 0;
  invalid(pattern.test(text("name", rule)), "name");
  invalid(priority >= 100 && priority <= 4096, `priority ${priority}`);
  invalid(["Inbound", "Outbound"].includes(text("direction", rule)), "direction");
  invalid(["Allow", "Deny"].includes(text("access", rule)), "access");
  invalid(["Tcp", "Udp", "*"].includes(text("protocol", rule)), "protocol");
  for (const side of ["source", "destination"]) {
    const ranges = [`${side}AddressPrefix`, `${side}AddressPrefixes[*]`].flatMap((path) =>
      valuesAt(path, rule),
    );
    invalid(ranges.length > 0, `no ${side} address`);
    const isAlone = (range: unknown) =>
      ["*", "AzureLoadBalancer", "Internet", "VirtualNetwork"].includes(String(range)) && ranges.length === 1;
    invalid(
      ranges.every((range) => isAlone(range) || isRange(String(range), "ipv4")),
      `${side} ${ranges}`,
    );
    const ports = [`${side}PortRange`, `${side}PortRanges[*]`]
      .flatMap((path) => valuesAt(path, rule))
      .map(String);
    invalid(
      ports.length > 0 && ports.every((port) => isPort(Number(port)) || (port === "*" && ports.length === 1)),
      `${side} port ${ports}`,
    );
  }
}
