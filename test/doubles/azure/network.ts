import ipaddr from "ipaddr.js";
import { contains, isPort, isRange, lengthOf, overlap } from "../checks.ts";
import { type Cloud, everywhere, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { groupId, isRegion, resourceId, subnetsOf, types } from "./account.ts";
import { demandOnlyAlias } from "./private-dns.ts";
import { balancer } from "./private-link.ts";
import { demandSameRegion, resource } from "./resource.ts";

const securityGroup = "azure-native:network:NetworkSecurityGroup";
export const publicAddress = types.publicAddress;
export const networkInterface = "azure-native:network:NetworkInterface";

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork */
const pattern = /^[a-z0-9](?:[\w.-]{0,78}\w)?$/i;
const network = (type: string, name: string) => ({ kind: `Microsoft.Network/${type}`, name, pattern });

/** The maximum number of sources in all rules of a group: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
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

  /** https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource */
  [types.natGateway]: resource(network("natGateways", "natGatewayName"), {
    replacing: ["sku", "zones"],
    references: [{ at: "publicIpAddresses[*].id", to: publicAddress, exclusive: "PublicIPAddressInUse" }],
    check(inputs) {
      demand(valueAt("sku.name", inputs) === "Standard", "InvalidNatGatewaySku", "sku");
    },
    admit(request) {
      const { cloud, scope, inputs } = request;
      for (const id of valuesAt("publicIpAddresses[*].id", inputs).map(String)) {
        demandSameRegion(request, publicAddress, id);
        const zones = valuesAt("zones[*]", cloud.find(publicAddress, id, scope)?.inputs);
        demand(
          valuesAt("zones[*]", inputs).every((zone) => zones.includes(zone)),
          "NatGatewayAndPublicIpZoneMismatch",
          `${id} is in zones ${zones}`,
        );
      }
    },
    create: () => ({ id: "" }),
  }),

  [types.virtualNetwork]: resource(network("virtualNetworks", "virtualNetworkName"), {
    references: [
      { at: "subnets[*].natGateway.id", to: types.natGateway },
      { at: "subnets[*].networkSecurityGroup.id", to: securityGroup },
    ],
    /** Refuses to delete a subnet in use, and to change `defaultOutboundAccess`, which can only be set at the creation of a subnet, as the SDK says. */
    update({ cloud, inputs }, before) {
      const kept = valuesAt("subnets[*].name", inputs);
      for (const { name } of subnetsOf(before).filter((subnet) => !kept.includes(subnet.name))) {
        const id = `"${before.id}/subnets/${name}"`;
        const user = cloud.things().find((it) => JSON.stringify(it.inputs).includes(id));
        demand(!user, "InUseSubnetCannotBeDeleted", `${id} is in use by ${user?.id}`);
      }
      for (const subnet of valuesAt("subnets[*]", inputs) as Inputs[]) {
        const was = subnetsOf(before).find(({ name }) => name === subnet.name);
        demand(
          !was || was.defaultOutboundAccess === subnet.defaultOutboundAccess,
          "DefaultOutboundAccessPropertyCannotBeModified",
          `subnet ${subnet.name}`,
        );
      }
    },
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
    computed: ["ipConfigurations[*].privateIPAddress"],
    references: [
      { at: "networkSecurityGroup.id", to: securityGroup },
      { at: "ipConfigurations[*].publicIPAddress.id", to: publicAddress, exclusive: "PublicIPAddressInUse" },
      {
        at: "ipConfigurations[*].loadBalancerBackendAddressPools[*].id",
        to: balancer,
        id: (id) => id.replace(/\/backendAddressPools\/[^/]+$/, ""),
      },
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
    /** https://learn.microsoft.com/azure/virtual-network/virtual-network-network-interface#change-subnet-assignment */
    update({ inputs }, before) {
      const [wanted, has] = [inputs, before.inputs].map((it) =>
        text("ipConfigurations[0].subnet.id", it).replace(/\/subnets\/[^/]+$/, ""),
      );
      demand(wanted === has, "PropertyChangeNotAllowed", `the network of ${before.id}`);
    },
    create: ({ cloud, inputs }) => ({
      id: "",
      outputs: {
        ipConfigurations: (valuesAt("ipConfigurations[*]", inputs) as Inputs[]).map((it) => ({
          ...it,
          privateIPAddress: freeAddress(cloud, text("subnet.id", it)),
        })),
      },
    }),
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

  [types.recordSet]: {
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
    admit: ({ cloud, inputs }) => demandOnlyAlias(cloud.things(types.recordSet), inputs, "zoneName"),
    create(request) {
      const { recordType, zoneName, relativeRecordSetName } = request.inputs;
      const zone = resourceId(request, "Microsoft.Network/dnsZones", zoneName);
      const id = `${zone}/${recordType}/${relativeRecordSetName}`;
      return {
        id,
        outputs: { id, name: relativeRecordSetName, fqdn: `${relativeRecordSetName}.${zoneName}.` },
      };
    },
  },
};

/** The first free address after the four that Azure reserves: https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq */
export function freeAddress(cloud: Cloud, subnet: string): string {
  const [, networkId = "", name] = /^(.+)\/subnets\/([^/]+)$/.exec(subnet) ?? [];
  const found = cloud.find(types.virtualNetwork, networkId, everywhere);
  const range = found && subnetsOf(found).find((it) => it.name === name)?.addressPrefix;
  const [first = "", last = "0"] = /^(.+\.)(\d+)\//.exec(String(range))?.slice(1) ?? [];
  const taken = cloud
    .things(networkInterface)
    .flatMap(({ outputs }) => valuesAt("ipConfigurations[*]", outputs));
  const inSubnet = taken.filter((it) => valueAt("subnet.id", it) === subnet).length;
  return `${first}${Number(last) + 4 + inSubnet}`;
}

/** Some of Azure's service tags. Regional ones end with the region's name in Azure: https://learn.microsoft.com/azure/virtual-network/service-tags-overview#available-service-tags */
const tags = ["AzureLoadBalancer", "AzureTrafficManager", "Internet", "VirtualNetwork"];
const regionalTags = ["AzureCloud", "AzureContainerRegistry", "Storage"];

function isTag(text: string): boolean {
  const [tag = "", region] = text.split(".");
  return region === undefined
    ? [...tags, ...regionalTags].includes(tag)
    : regionalTags.includes(tag) && isRegion(region.toLowerCase());
}

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
    // A rule has at most one tag, and none in a list: https://github.com/hashicorp/terraform-provider-azurerm/issues/5617
    const single = rule[`${side}AddressPrefix`];
    const isAlone = (range: unknown) =>
      range === single && ranges.length === 1 && (range === "*" || isTag(String(range)));
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
