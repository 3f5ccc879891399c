import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import type { input } from "@pulumi/aws/types/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrefixList, isReference, isSecurityGroup } from "../../../config/addresses.ts";
import { metricsPort } from "../../../config/ports.ts";
import { familyOf, ipv4Ranges } from "../../address-family.ts";
import { outboundPorts } from "../../vm/outbound.ts";
import type { Opening } from "../source-rules.ts";
import { groupName } from "./access.ts";
import type { VmArgs } from "./findings.ts";

type Rule = input.ec2.SecurityGroupIngress;

const anywhere = ["0.0.0.0/0", "::/0"];

/**
 * What can reach the machine, and what it can reach. There is no SSH: Session Manager connects from inside. Rules are defined inside their group, so an update finds
 * and removes rules that were added by hand.
 */
export function createFirewall(
  { plan, found }: VmArgs,
  vpcId: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): SecurityGroup[] {
  const egress = outboundPorts(plan).map(({ purpose, protocol, port }) =>
    rule(purpose, protocol, port, anywhere),
  );
  return found.access.groups.map(
    (openings, index) =>
      new SecurityGroup(
        groupName(plan.region.name, index),
        {
          namePrefix: plan.names.securityGroupPrefix,
          // The description can't be changed in place.
          description: "Registry cache",
          vpcId,
          ingress: ingressRules(plan.region.endpoint.port, openings),
          // Amazon's own resolver, time service and metadata service need no rule.
          egress: index === 0 ? egress : [],
          tags: plan.names.tags(index === 0 ? undefined : `${index + 1}`),
        },
        options,
      ),
  );
}

function ingressRules(endpointPort: number, openings: readonly Opening[]): Rule[] {
  const purposes = [
    ["registry clients", endpointPort],
    ["metrics", metricsPort],
  ] as const;
  return purposes.flatMap(([purpose, port]) => {
    const sources = openings.filter((it) => it.port === port).map(({ source }) => source);
    return sources.length > 0 ? [rule(purpose, "tcp", port, sources)] : [];
  });
}

function rule(description: string, protocol: "tcp" | "udp", port: number, sources: readonly string[]): Rule {
  const lists = sources.filter(isPrefixList);
  const groups = sources.filter(isSecurityGroup);
  const ranges = sources.filter((source) => !isReference(source));
  return {
    description,
    protocol,
    fromPort: port,
    toPort: port,
    cidrBlocks: ipv4Ranges(ranges),
    ipv6CidrBlocks: ranges.filter((range) => familyOf(range) === "ipv6"),
    ...(lists.length > 0 && { prefixListIds: lists }),
    ...(groups.length > 0 && { securityGroups: groups }),
  };
}
