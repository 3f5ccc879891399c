import { z } from "zod";
import { type Demands, kindOf, type Resource, rule, unmet } from "../rule.ts";
import { textsAt, valueAt, valuesAt } from "../values.ts";

/** A range of ports that a resource opens to the outside. */
export interface Opening {
  readonly first: number;
  readonly last: number;
  /** Address ranges, prefix lists, security groups or Azure's service tags. */
  readonly from: readonly string[];
}

/** Sources that mean all addresses: CIDR ranges, and Azure's terms. */
const everyone = ["0.0.0.0/0", "::/0", "*", "Internet", "Any"];

export function isEveryone(source: string): boolean {
  return everyone.includes(source);
}

/** The ports that a security group, a network security group or a Service opens. */
export function openingsOf(resource: Resource): Opening[] {
  const { type, props } = resource;
  switch (type) {
    case "aws:ec2/securityGroup:SecurityGroup":
      return valuesAt("ingress[*]", props).map(awsOpening);
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return props.type === "ingress" ? [awsOpening(props)] : [];
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return [awsOpening(props)];
    case "azure-native:network:NetworkSecurityGroup":
      return valuesAt("securityRules[*]", props).flatMap(azureOpenings);
    case "azure-native:network:SecurityRule":
      return azureOpenings(props);
  }
  return kindOf(resource) === "Service" ? serviceOpenings(props) : [];
}

function awsOpening(it: unknown): Opening {
  const isAll = ["ipProtocol", "protocol"].some((key) => valueAt(key, it) === "-1");
  const [first, last] = isAll
    ? [0, 65_535]
    : [Number(valueAt("fromPort", it)), Number(valueAt("toPort", it))];
  const single = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];
  const lists = ["cidrBlocks[*]", "ipv6CidrBlocks[*]", "prefixListIds[*]", "securityGroups[*]"];
  return { first, last, from: textsAt(it, ...single, ...lists) };
}

function azureOpenings(it: unknown): Opening[] {
  if (valueAt("access", it) !== "Allow" || valueAt("direction", it) !== "Inbound") return [];
  const inside = textsAt(it, "destinationAddressPrefixes[*]");
  // A source that is also a destination stays inside the network. AzureLoadBalancer stands for the platform's own probes.
  const from = textsAt(it, "sourceAddressPrefix", "sourceAddressPrefixes[*]").filter(
    (source) => source !== "AzureLoadBalancer" && !inside.includes(source),
  );
  if (from.length === 0) return [];
  return textsAt(it, "destinationPortRange", "destinationPortRanges[*]").map((range) => {
    const [first = 0, last = first] = range === "*" ? [0, 65_535] : range.split("-").map(Number);
    return { first, last, from };
  });
}

function serviceOpenings(it: unknown): Opening[] {
  if (!["LoadBalancer", "NodePort"].includes(String(valueAt("spec.type", it)))) return [];
  const ranges = textsAt(it, "spec.loadBalancerSourceRanges[*]");
  return valuesAt("spec.ports[*].port", it).map((port) => {
    return { first: Number(port), last: Number(port), from: ranges.length > 0 ? ranges : ["0.0.0.0/0"] };
  });
}

const isEmpty = (path: string) => (it: unknown) => valuesAt(path, it).length === 0;

function isLastDenial(one: unknown): boolean {
  return valueAt("access", one) === "Deny" && valueAt("priority", one) === 4096;
}

/** AKS nodes need a rule that allows all outbound traffic. NetworkPolicies restrict their Pods instead. */
function allowsAll(one: unknown): boolean {
  const parts = ["protocol", "destinationAddressPrefix", "destinationPortRange"];
  return valueAt("access", one) === "Allow" && parts.every((part) => valueAt(part, one) === "*");
}

const demands: Demands = {
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    "lets its members reach each other: leave out `ingress` and `egress`": (it) =>
      isEmpty("ingress[*]")(it) && isEmpty("egress[*]")(it),
  },
  // Azure's default rules, which apply last, allow all inbound traffic from the virtual network and all outbound traffic.
  "azure-native:network:NetworkSecurityGroup": {
    "lets in or out what no rule matches: end both directions with a rule that denies everything, priority 4096":
      (it) =>
        ["Inbound", "Outbound"].every((direction) =>
          valuesAt("securityRules[*]", it).some(
            (one) =>
              valueAt("direction", one) === direction &&
              (isLastDenial(one) || (direction === "Outbound" && allowsAll(one))),
          ),
        ),
  },
  "azure-native:network:NetworkInterface": {
    "has no firewall: name a `networkSecurityGroup`": (it) => it.networkSecurityGroup !== undefined,
  },
};

const port = z.int().min(1).max(65_535);

export const openPorts = rule({
  name: "open-ports",
  level: "mandatory",
  what: "Only the endpoint's port is open to everyone, only the ports of the endpoint and of the metrics are open at all, and everything else is closed.",
  why: "A port that is open by mistake is found within minutes.",
  parameters: {
    publicPorts: z
      .array(port)
      .default([443])
      .describe("Ports that may be open to everyone: those of `endpoint.port`."),
    otherPorts: z
      .array(port)
      .default([9443])
      .describe("Ports that may be open to named address ranges: that of the metrics."),
  },
  each(resource, { publicPorts, otherPorts }) {
    const openings = openingsOf(resource).flatMap(({ first, last, from }) => {
      const ports = first === last ? `port ${first}` : `ports ${first} to ${last}`;
      const isOneOf = (allowed: readonly number[]) => first === last && allowed.includes(first);
      return from
        .filter((source) => !isOneOf(publicPorts) && (!isOneOf(otherPorts) || isEveryone(source)))
        .map((source) => `opens ${ports} to ${isEveryone(source) ? "everyone" : source}`);
    });
    return [...new Set(openings), ...unmet(demands, resource)];
  },
});
