import ipaddr from "ipaddr.js";
import { contains, isRange, lengthOf, overlap } from "../checks.ts";
import type { Request, Rules, Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { isZone, loadBalancerZone, quotaOf } from "./account.ts";
import { loadBalancerType } from "./eks.ts";
import { networksOfZone } from "./hosted-zones.ts";
import { securityGroup, vpc } from "./security-group.ts";

const subnet = "aws:ec2/subnet:Subnet";
const gateway = "aws:ec2/internetGateway:InternetGateway";
const routeTable = "aws:ec2/routeTable:RouteTable";
const natGateway = "aws:ec2/natGateway:NatGateway";
const networkInterface = "aws:ec2/networkInterface:NetworkInterface";
const eip = "aws:ec2/eip:Eip";
const healthCheck = "aws:route53/healthCheck:HealthCheck";

export const network: Readonly<Record<string, Rules>> = {
  [vpc]: {
    replacing: ["cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"],
    check({ cidrBlock }) {
      const range = String(cidrBlock);
      const fits = isRange(range, "ipv4") && lengthOf(range) >= 16 && lengthOf(range) <= 28;
      demand(fits, "InvalidVpc.Range", `The CIDR '${range}' is invalid.`);
    },
    create({ cloud, inputs }) {
      const id = `vpc-${cloud.digits(17)}`;
      const ipv6 =
        inputs.assignGeneratedIpv6CidrBlock === true ? { ipv6CidrBlock: "2a05:d014:42:4200::/56" } : {};
      return { id, outputs: { id, ...ipv6 } };
    },
  },

  /** The VPC's own group, which is adopted. AWS creates and deletes it with the VPC. */
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    replacing: ["vpcId"],
    references: [{ at: "vpcId", to: vpc, exclusive: "Duplicate" }],
    create: ({ cloud }) => ({ id: `sg-${cloud.digits(17)}` }),
  },

  [subnet]: {
    replacing: ["vpcId", "availabilityZone", "availabilityZoneId", "cidrBlock", "ipv6Native", "outpostArn"],
    references: [{ at: "vpcId", to: vpc }],
    check(inputs, { scope }) {
      const zone = text("availabilityZone", inputs);
      demand(
        isZone(zone, scope),
        "InvalidParameterValue",
        `Value (${zone}) for availabilityZone is invalid.`,
      );
    },
    admit({ cloud, scope, inputs }) {
      const own = cloud.find(vpc, text("vpcId", inputs), scope);
      const range = text("cidrBlock", inputs);
      const inside = isRange(range, "ipv4") && contains(text("cidrBlock", own?.inputs ?? {}), range);
      demand(inside && lengthOf(range) <= 28, "InvalidSubnet.Range", `The CIDR '${range}' is invalid.`);
      const taken = cloud
        .things(subnet)
        .some((it) => it.inputs.vpcId === inputs.vpcId && overlap(text("cidrBlock", it.inputs), range));
      demand(!taken, "InvalidSubnet.Conflict", `The CIDR '${range}' conflicts with another subnet`);
      const ipv6 = text("ipv6CidrBlock", inputs);
      if (ipv6 === "") return;
      const fits =
        isRange(ipv6, "ipv6") &&
        lengthOf(ipv6) === 64 &&
        contains(text("ipv6CidrBlock", own?.outputs ?? {}), ipv6);
      demand(fits, "InvalidSubnet.Range", `The CIDR '${ipv6}' is invalid.`);
    },
    create: ({ cloud }) => ({ id: `subnet-${cloud.digits(17)}` }),
  },

  [gateway]: {
    references: [{ at: "vpcId", to: vpc, exclusive: "Resource.AlreadyAssociated" }],
    delete({ inputs }, cloud) {
      const mapped =
        cloud.things(eipAssociation).some((it) => vpcOfInterface(it, cloud) === inputs.vpcId) ||
        cloud.things(natGateway).some((it) => vpcOfSubnet(it, cloud) === inputs.vpcId);
      demand(!mapped, "DependencyViolation", `Network ${inputs.vpcId} has some mapped public address(es).`);
    },
    create: ({ cloud }) => ({ id: `igw-${cloud.digits(17)}` }),
  },

  [routeTable]: {
    replacing: ["vpcId"],
    references: [{ at: "vpcId", to: vpc }],
    create: ({ cloud }) => ({ id: `rtb-${cloud.digits(17)}` }),
  },

  "aws:ec2/route:Route": {
    replacing: [
      "routeTableId",
      "destinationCidrBlock",
      "destinationIpv6CidrBlock",
      "destinationPrefixListId",
    ],
    references: [
      { at: "routeTableId", to: routeTable },
      { at: "gatewayId", to: gateway },
      { at: "natGatewayId", to: natGateway, onDelete: "leave" },
    ],
    check(inputs) {
      const { destinationCidrBlock: ipv4, destinationIpv6CidrBlock: ipv6, gatewayId, natGatewayId } = inputs;
      demand(
        (gatewayId === undefined) !== (natGatewayId === undefined),
        "InvalidParameterCombination",
        "not one target",
      );
      const valid = ipv4 === undefined ? isRange(String(ipv6), "ipv6") : isRange(String(ipv4), "ipv4");
      demand(
        valid && (ipv4 === undefined) !== (ipv6 === undefined),
        "InvalidParameterValue",
        "not one destination",
      );
    },
    importId: ({ inputs: { routeTableId, destinationCidrBlock, destinationIpv6CidrBlock } }) =>
      `${routeTableId}_${destinationCidrBlock ?? destinationIpv6CidrBlock}`,
    create({ inputs }) {
      const id = `r-${inputs.routeTableId}-${inputs.destinationCidrBlock ?? inputs.destinationIpv6CidrBlock}`;
      return { id, outputs: { state: "active" } };
    },
  },

  [natGateway]: {
    replacing: ["subnetId", "allocationId", "connectivityType"],
    references: [
      { at: "subnetId", to: subnet },
      { at: "allocationId", to: eip, exclusive: "Resource.AlreadyAssociated" },
    ],
    admit({ cloud, scope, inputs }) {
      const its = vpcOfSubnet({ inputs, scope }, cloud);
      const open = cloud.things(gateway).some((it) => it.inputs.vpcId === its);
      demand(open, "Gateway.NotAttached", `Network ${its} has no Internet gateway attached`);
    },
    create: ({ cloud }) => ({ id: `nat-${cloud.digits(17)}` }),
  },

  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    replacing: ["subnetId"],
    references: [
      { at: "subnetId", to: subnet, exclusive: "Resource.AlreadyAssociated" },
      { at: "routeTableId", to: routeTable },
    ],
    importId: ({ inputs: { subnetId, routeTableId } }) => `${subnetId}/${routeTableId}`,
    create: ({ cloud }) => ({ id: `rtbassoc-${cloud.digits(17)}` }),
  },

  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    replacing: ["vpcId", "serviceName", "serviceRegion", "vpcEndpointType"],
    references: [
      { at: "vpcId", to: vpc },
      { at: "routeTableIds[*]", to: routeTable },
    ],
    check(inputs, { scope }) {
      const service = text("serviceName", inputs);
      const known = service === `com.amazonaws.${scope}.s3` && inputs.vpcEndpointType === "Gateway";
      demand(known, "InvalidServiceName", `The Vpc Endpoint Service '${service}' does not exist`);
    },
    create: ({ cloud }) => ({ id: `vpce-${cloud.digits(17)}` }),
  },

  [networkInterface]: {
    replacing: ["subnetId", "interfaceType"],
    references: [
      { at: "subnetId", to: subnet },
      { at: "securityGroups[*]", to: securityGroup },
    ],
    update: demandGroupQuota,
    admit(request) {
      const { cloud, scope, inputs } = request;
      demandGroupQuota(request);
      const own = cloud.find(subnet, text("subnetId", inputs), scope);
      for (const group of valuesAt("securityGroups[*]", inputs)) {
        const its = cloud.find(securityGroup, String(group), scope)?.inputs.vpcId;
        demand(its === own?.inputs.vpcId, "InvalidGroup.NotFound", `${group} is not in ${own?.inputs.vpcId}`);
      }
      const wanted = number("ipv6AddressCount", inputs) ?? 0;
      demand(
        wanted === 0 || own?.inputs.ipv6CidrBlock,
        "InvalidParameterValue",
        "the subnet has no IPv6 range",
      );
    },
    create(request) {
      const { cloud, scope, inputs } = request;
      const own = cloud.find(subnet, text("subnetId", inputs), scope)?.inputs ?? {};
      const ipv6Addresses = Array.from({ length: number("ipv6AddressCount", inputs) ?? 0 }, () =>
        text("ipv6CidrBlock", own).replace(/::\/64$/, `::${cloud.digits(4)}`),
      );
      return {
        id: `eni-${cloud.digits(17)}`,
        outputs: { ipv6Addresses, privateIp: addressIn(text("cidrBlock", own)) },
      };
    },
  },

  [eip]: {
    replacing: ["address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"],
    check: ({ domain }) => demand(domain === "vpc", "InvalidParameterValue", `domain ${domain}`),
    create({ cloud }) {
      const id = `eipalloc-${cloud.digits(17)}`;
      return { id, outputs: { allocationId: id, publicIp: `198.51.100.${cloud.things(eip).length + 1}` } };
    },
  },

  "aws:ec2/eipAssociation:EipAssociation": {
    replacing: ["allocationId", "instanceId", "networkInterfaceId", "privateIpAddress"],
    // https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/ec2_eip_association.go
    mayBeGone: true,
    references: [
      { at: "allocationId", to: eip },
      { at: "networkInterfaceId", to: networkInterface, exclusive: "Resource.AlreadyAssociated" },
    ],
    admit(request) {
      const { cloud, inputs } = request;
      const its = vpcOfInterface({ inputs, scope: request.scope }, cloud);
      const open = cloud.things(gateway).some((it) => it.inputs.vpcId === its);
      demand(open, "Gateway.NotAttached", `Network ${its} is not attached to any internet gateway`);
      const others = cloud
        .things(eipAssociation)
        .filter((it) => it.inputs.allocationId === inputs.allocationId);
      const mayMove = inputs.allowReassociation !== false;
      demand(mayMove || others.length === 0, "Resource.AlreadyAssociated", "the address is in use");
      // An address that moves leaves its previous interface: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
      for (const other of others) cloud.remove(other);
    },
    create: ({ cloud }) => ({ id: `eipassoc-${cloud.digits(17)}` }),
  },

  /** https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html */
  [healthCheck]: {
    replacing: ["type", "ipAddress", "measureLatency", "requestInterval"],
    check(inputs) {
      demand(inputs.type === "CLOUDWATCH_METRIC", "InvalidInput", `${inputs.type} takes an address`);
      demand(text("cloudwatchAlarmRegion", inputs) !== "", "InvalidInput", "an alarm has a region");
    },
    admit({ cloud, inputs }) {
      const known = cloud.things("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ id }) => id);
      demand(known.includes(text("cloudwatchAlarmName", inputs)), "InvalidInput", "no such alarm");
    },
    create: ({ cloud }) => ({ id: `health-${cloud.digits(12)}` }),
  },

  /** https://docs.aws.amazon.com/Route53/latest/APIReference/API_AssociateVPCWithHostedZone.html */
  "aws:route53/zoneAssociation:ZoneAssociation": {
    replacing: ["zoneId", "vpcId", "vpcRegion"],
    references: [
      { at: "zoneId", to: "aws:route53/zone:Zone" },
      { at: "vpcId", to: vpc },
    ],
    admit({ cloud, scope, inputs }) {
      const zone = cloud.find("aws:route53/zone:Zone", text("zoneId", inputs), scope);
      const networks = zone ? networksOfZone(zone, cloud) : [];
      demand(networks.length > 0, "PublicZoneVPCAssociation", "a public zone is attached to no VPC");
      demand(!networks.includes(inputs.vpcId), "ConflictingDomainExists", "is attached already");
    },
    create: ({ inputs }) => ({ id: `${inputs.zoneId}:${inputs.vpcId}` }),
  },

  "aws:route53/record:Record": {
    replacing: ["name", "type", "zoneId", "setIdentifier"],
    references: [
      { at: "zoneId", to: "aws:route53/zone:Zone" },
      { at: "healthCheckId", to: healthCheck },
    ],
    check(inputs) {
      if (inputs.aliases !== undefined) return checkAlias(inputs);
      const kind = { A: "ipv4", AAAA: "ipv6" }[text("type", inputs)];
      const records = valuesAt("records[*]", inputs).map(String);
      const valid =
        records.length > 0 && records.every((it) => ipaddr.isValid(it) && ipaddr.parse(it).kind() === kind);
      demand(valid, "InvalidChangeBatch", `invalid ${inputs.type} record: ${records}`);
      demand(number("ttl", inputs) !== undefined, "InvalidChangeBatch", "a record needs a TTL");
      const isSimple = inputs.failoverRoutingPolicies === undefined;
      demand(
        isSimple === (inputs.setIdentifier === undefined),
        "InvalidInput",
        "a set identifier goes with a routing policy",
      );
    },
    admit({ cloud, scope, inputs }) {
      const alias = valueAt("aliases[0].name", inputs);
      const records = cloud
        .things("aws:route53/record:Record")
        .filter(({ inputs: its }) => its.zoneId === inputs.zoneId);
      const targets = [
        ...cloud.things(loadBalancerType).map(({ outputs }) => outputs.hostname),
        ...records.filter(({ inputs: its }) => its.type === inputs.type).map(({ inputs: its }) => its.name),
      ];
      // https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
      const others = records.filter(({ inputs: its }) => its.name === inputs.name);
      const fits = others.every(({ inputs: its }) =>
        its.type === inputs.type
          ? inputs.setIdentifier !== undefined && its.setIdentifier !== undefined
          : its.type !== "CNAME" && inputs.type !== "CNAME",
      );
      demand(fits, "InvalidChangeBatch", `${inputs.name} has other records`);
      demand(alias === undefined || targets.includes(alias), "InvalidChangeBatch", `${alias} was not found`);
      const zone = text(
        "name",
        cloud.find("aws:route53/zone:Zone", text("zoneId", inputs), scope)?.inputs ?? {},
      );
      const name = text("name", inputs);
      const inside = name === zone || name.endsWith(`.${zone}`);
      demand(inside, "InvalidChangeBatch", `RRSet with DNS name ${name}. is not permitted in zone ${zone}.`);
    },
    // An alias must be deleted before its target. octoDNS follows the same order: https://github.com/octodns/octodns-route53/blob/main/octodns_route53/provider.py
    delete({ id, inputs: { zoneId, name, type } }, cloud) {
      const others = cloud
        .things("aws:route53/record:Record")
        .filter((it) => it.id !== id && it.inputs.zoneId === zoneId && it.inputs.type === type);
      const alias = others.find(({ inputs }) => valueAt("aliases[0].name", inputs) === name);
      const isLast = others.every(({ inputs }) => inputs.name !== name);
      demand(!alias || !isLast, "InvalidChangeBatch", `${alias?.inputs.name} leads to ${name}`);
    },
    create({ inputs }) {
      const parts = [inputs.zoneId, inputs.name, inputs.type, inputs.setIdentifier];
      return { id: parts.filter((it) => it !== undefined).join("_"), outputs: { fqdn: inputs.name } };
    },
  },
};

const eipAssociation = "aws:ec2/eipAssociation:EipAssociation";

function demandGroupQuota({ cloud, scope, inputs }: Request): void {
  const count = valuesAt("securityGroups[*]", inputs).length;
  demand(
    count <= quotaOf("groupsOfInterface", { cloud, scope }),
    "SecurityGroupsPerInterfaceLimitExceeded",
    `${count} security groups on a network interface`,
  );
}

function vpcOfInterface(
  { inputs, scope }: Pick<Thing, "inputs" | "scope">,
  cloud: Request["cloud"],
): unknown {
  const own = cloud.find(networkInterface, text("networkInterfaceId", inputs), scope);
  return cloud.find(subnet, text("subnetId", own?.inputs ?? {}), scope)?.inputs.vpcId;
}

function vpcOfSubnet({ inputs, scope }: Pick<Thing, "inputs" | "scope">, cloud: Request["cloud"]): unknown {
  return cloud.find(subnet, text("subnetId", inputs), scope)?.inputs.vpcId;
}

/** AWS reserves the first four addresses of a subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
function addressIn(range: string): string {
  return range.replace(/\d+\/\d+$/, "10");
}

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html */
function checkAlias(inputs: Inputs): void {
  const invalid = (condition: unknown, message: string) => demand(condition, "InvalidChangeBatch", message);
  invalid(inputs.ttl === undefined && inputs.records === undefined, "an alias has neither TTL nor records");
  // An alias of another record in the same zone: admit() looks for that record.
  if (valueAt("aliases[0].zoneId", inputs) === inputs.zoneId) return;
  invalid(inputs.type === "A", `an alias of the type ${inputs.type}`);
  const target = `${text("aliases[0].name", inputs)} in ${text("aliases[0].zoneId", inputs)}`;
  const isLoadBalancer = new RegExp(`^\\S+\\.elb\\.[a-z0-9-]+\\.amazonaws\\.com in ${loadBalancerZone}$`);
  invalid(isLoadBalancer.test(target), `the alias target ${target} was not found`);
}
