import { isPort, isRange } from "../checks.ts";
import type { Request, Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { quotaOf } from "./account.ts";

export const vpc = "aws:ec2/vpc:Vpc";
export const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const prefixList = "prefix list";

const ingressRule: Rules = {
  replacing: ["securityGroupId"],
  references: [{ at: "securityGroupId", to: securityGroup, onDelete: "delete" }],
  check(inputs) {
    const { cidrIpv4, ipProtocol: protocol } = inputs;
    checkText(inputs.description);
    checkRule({ ...inputs, protocol, ...(cidrIpv4 !== undefined && { cidrBlocks: [cidrIpv4] }) });
  },
  create: ({ cloud }) => ({ id: `sgr-${cloud.digits(17)}` }),
};

export const securityGroups: Readonly<Record<string, Rules>> = {
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingressRule,
  [securityGroup]: {
    replacing: ["name", "namePrefix", "description", "vpcId"],
    references: [
      { at: "vpcId", to: vpc },
      { at: "ingress[*].prefixListIds[*]", to: prefixList },
      { at: "ingress[*].securityGroups[*]", to: securityGroup },
    ],
    check(inputs) {
      const { name, namePrefix } = inputs;
      const chosen = String(name ?? `${namePrefix}${"x".repeat(26)}`);
      const valid = /^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(chosen);
      demand(
        valid && (name === undefined || namePrefix === undefined),
        "InvalidParameterValue",
        `group name ${chosen}`,
      );
      for (const description of [inputs.description, ...valuesAt("ingress[*].description", inputs)])
        checkText(description);
      for (const direction of ["ingress", "egress"]) {
        for (const rule of valuesAt(`${direction}[*]`, inputs) as Inputs[]) checkRule(rule);
      }
    },
    admit: demandRules,
    update: demandRules,
    create({ cloud, inputs }) {
      const id = `sg-${cloud.digits(17)}`;
      return { id, outputs: { name: inputs.name ?? `${inputs.namePrefix}${cloud.digits(26)}` } };
    },
  },
};

function demandRules(request: Request): void {
  demandQuota(request);
  demandPeering(request);
}

/** https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html */
function demandPeering({ cloud, scope, inputs }: Request): void {
  for (const id of valuesAt("ingress[*].securityGroups[*]", inputs)) {
    const its = cloud.find(securityGroup, String(id), scope)?.inputs.vpcId;
    const isKnown = its === inputs.vpcId || arePeered(cloud, [its, inputs.vpcId]);
    demand(isKnown, "InvalidGroup.NotFound", `The security group '${id}' does not exist`);
  }
}

export const peering = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection";

function arePeered(cloud: Request["cloud"], vpcs: readonly unknown[]): boolean {
  return cloud
    .things(peering)
    .some(({ inputs }) => vpcs.includes(inputs.vpcId) && vpcs.includes(inputs.peerVpcId));
}

function checkText(description: unknown): void {
  const valid = /^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/.test(String(description ?? ""));
  demand(valid, "InvalidParameterValue", `Invalid security group description: ${description}`);
}

function sourcesOf(rule: Inputs): unknown[] {
  return ["cidrBlocks[*]", "ipv6CidrBlocks[*]", "prefixListIds[*]", "securityGroups[*]"].flatMap((path) =>
    valuesAt(path, rule),
  );
}

/**
 * Counts rules in each direction, separately for IPv4 and IPv6. A prefix list counts with its maximum number of entries, and one of AWS's own with
 * its weight, independent of its content: https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
 */
function demandQuota({ cloud, scope, inputs }: Request): void {
  const quota = quotaOf("rulesOfGroup", { cloud, scope });
  const listOf = (id: unknown) => cloud.find(prefixList, String(id), scope)?.inputs ?? {};
  for (const direction of ["ingress", "egress"]) {
    // Groups and lists count for both families.
    const groups = valuesAt(`${direction}[*].securityGroups[*]`, inputs).length;
    const lists = valuesAt(`${direction}[*].prefixListIds[*]`, inputs).map(listOf);
    for (const [family, ranges] of [
      ["IPv4", "cidrBlocks"],
      ["IPv6", "ipv6CidrBlocks"],
    ]) {
      const entries = lists
        .filter(({ addressFamily }) => addressFamily === family)
        .map((it) => number("weight", it) ?? number("maxEntries", it) ?? 0);
      const count = entries.reduce(
        (sum, it) => sum + it,
        groups + valuesAt(`${direction}[*].${ranges}[*]`, inputs).length,
      );
      demand(
        count <= quota,
        "RulesPerSecurityGroupLimitExceeded",
        `The maximum number of rules per security group has been reached: ${count} ${direction} rules`,
      );
    }
  }
}

function checkRule(rule: Inputs): void {
  const ports = [Number(rule.fromPort), Number(rule.toPort)] as const;
  demand(
    ports.every(isPort) && ports[0] <= ports[1],
    "InvalidParameterValue",
    `Invalid TCP/UDP ports ${ports}`,
  );
  demand(
    ["tcp", "udp"].includes(text("protocol", rule)),
    "InvalidParameterValue",
    `protocol ${rule.protocol}`,
  );
  demand(rule.self === true || sourcesOf(rule).length > 0, "InvalidParameterValue", "a rule needs ranges");
  const invalid = [
    ...valuesAt("cidrBlocks[*]", rule).filter((range) => !isRange(String(range), "ipv4")),
    ...valuesAt("ipv6CidrBlocks[*]", rule).filter((range) => !isRange(String(range), "ipv6")),
  ];
  demand(invalid.length === 0, "InvalidParameterValue", `CIDR block ${invalid} is malformed`);
  demand(valueAt("description", rule) !== "", "InvalidParameterValue", "an empty description");
}
