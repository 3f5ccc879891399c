import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { metricsPort } from "../../pod/ports.ts";
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

/**
 * What the machine may reach. Where registries and their storage are changes without notice, so ports are limited and addresses aren't. Amazon's own
 * resolver, clock and metadata service need no rule; authoritative name servers, which lego asks whether the challenge is visible, do.
 */
export function egressRules(args: VmPlanArgs): Rule[] {
  return [
    ...tcpPorts(args).map((port) => rule(tcpPurpose(port), "tcp", port, anywhere)),
    rule("DNS", "udp", 53, anywhere),
    rule("NTP", "udp", 123, anywhere),
  ];
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

const fixedPorts: Readonly<Record<number, string>> = {
  53: "DNS, long answers",
  80: "Debian packages, which are signed",
  443: "registries, AWS, certificate authority",
};

function tcpPurpose(port: number): string {
  return fixedPorts[port] ?? "registries and monitoring of the configuration";
}

/** The fixed ones, and those of every server that the configuration names. */
function tcpPorts({ upstreams, images, monitoring }: VmPlanArgs): number[] {
  const urls = [
    ...upstreams.map(({ url }) => url),
    ...monitoring.alertmanagers,
    ...(monitoring.remoteWrite ? [monitoring.remoteWrite.url] : []),
    ...Object.values(images).map((image) => `https://${image.split("/")[0]}`),
  ];
  const ports = [...Object.keys(fixedPorts).map(Number), ...urls.map(portOf)];
  return [...new Set(ports)].sort((one, other) => one - other);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? ({ "http:": 80 }[protocol] ?? 443) : Number(port);
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
