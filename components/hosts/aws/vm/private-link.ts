import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Listener } from "@pulumi/aws/lb/listener.js";
import { LoadBalancer } from "@pulumi/aws/lb/loadBalancer.js";
import { TargetGroup } from "@pulumi/aws/lb/targetGroup.js";
import { TargetGroupAttachment } from "@pulumi/aws/lb/targetGroupAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { createEndpointService } from "../endpoint-service.ts";
import type { Address } from "./address.ts";
import type { Network } from "./network.ts";
import type { AwsVmPlan } from "./plan.ts";

/**
 * A security group that contains the machine and the load balancer, so that only the load balancer can reach the machine through it. A load balancer without a group can't get one later.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
 * @returns undefined if the configuration has no private link
 */
export function createLinkGroup(
  { names, region: { name, endpoint } }: AwsVmPlan,
  { vpcId }: Network,
  options: pulumi.CustomResourceOptions,
): SecurityGroup | undefined {
  if (!endpoint.privateLink) return undefined;
  const rule = { protocol: "tcp", fromPort: endpoint.port, toPort: endpoint.port, self: true };
  return new SecurityGroup(
    `${name}-private-link`,
    {
      namePrefix: names.securityGroupPrefix,
      description: "Registry cache: private link",
      vpcId,
      ingress: [rule],
      egress: [rule],
      tags: names.tags("private-link"),
    },
    options,
  );
}

/**
 * Makes the machine available to other accounts, through a load balancer in its subnet.
 * @param group the result of {@link createLinkGroup}
 * @returns the name of the endpoint service, or undefined without a private link
 */
export function createPrivateLink(
  plan: AwsVmPlan,
  network: Network,
  address: Address,
  group: SecurityGroup | undefined,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (!group) return undefined;
  const { name, endpoint } = plan.region;
  const { port } = endpoint;
  const common = { namePrefix: "cache-", tags: plan.names.tags("private-link") };
  const loadBalancer = new LoadBalancer(
    name,
    {
      ...common,
      loadBalancerType: "network",
      internal: true,
      subnets: [network.subnetId],
      securityGroups: [group.id],
      // The endpoint service decides which clients from other accounts are allowed.
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: "off",
    },
    options,
  );
  const targets = new TargetGroup(
    name,
    {
      ...common,
      protocol: "TCP",
      port,
      targetType: "ip",
      vpcId: network.vpcId,
      healthCheck: { protocol: "TCP" },
    },
    options,
  );
  new TargetGroupAttachment(name, { targetGroupArn: targets.arn, targetId: address.ipv4, port }, options);
  new Listener(
    name,
    {
      loadBalancerArn: loadBalancer.arn,
      protocol: "TCP",
      port,
      defaultActions: [{ type: "forward", targetGroupArn: targets.arn }],
      tags: common.tags,
    },
    options,
  );
  return createEndpointService(plan, loadBalancer.arn, options);
}
