import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { metricsPort } from "../../pod/ports.ts";
import { outboundPorts } from "../vm/outbound.ts";
import type { Names } from "./naming.ts";
import type { VmPlanArgs } from "./vm-args.ts";

/** One rule of a security group, as EC2 takes it. */
export interface Rule {
  readonly description: string;
  readonly protocol: "tcp" | "udp";
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidrBlocks: string[];
  readonly ipv6CidrBlocks: string[];
}

const anywhere = ["0.0.0.0/0", "::/0"];

/** Who may reach the machine: the clients its endpoint, monitoring its metrics. No SSH: Session Manager comes from inside. */
export function ingressRules({ endpoint, access }: VmPlanArgs["region"]): Rule[] {
  return [
    rule("registry clients", "tcp", endpoint.port, access.clients),
    ...(access.metrics.length > 0 ? [rule("metrics", "tcp", metricsPort, access.metrics)] : []),
  ];
}

/** What the machine may reach. Amazon's own resolver, clock and metadata service need no rule. */
export function egressRules(args: VmPlanArgs): Rule[] {
  return outboundPorts(args).map(({ purpose, protocol, port }) => rule(purpose, protocol, port, anywhere));
}

/** Rules stand inside the group: one that was added by hand is found and taken away. */
export function createFirewall(
  name: string,
  args: VmPlanArgs,
  { names, vpcId }: { readonly names: Names; readonly vpcId: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): SecurityGroup {
  return new SecurityGroup(
    name,
    {
      namePrefix: names.securityGroupPrefix,
      // It can't be changed in place.
      description: "Registry cache",
      vpcId,
      ingress: ingressRules(args.region),
      egress: egressRules(args),
      tags: names.tags(),
    },
    options,
  );
}

function rule(description: string, protocol: "tcp" | "udp", port: number, ranges: readonly string[]): Rule {
  const ofKind = (kind: "ipv4" | "ipv6") =>
    ranges.filter((range) => ipaddr.parseCIDR(range)[0].kind() === kind);
  return {
    description,
    protocol,
    fromPort: port,
    toPort: port,
    cidrBlocks: ofKind("ipv4"),
    ipv6CidrBlocks: ofKind("ipv6"),
  };
}
