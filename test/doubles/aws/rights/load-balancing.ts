/** The same as calls.ts, for Elastic Load Balancing of the API 2015-12-01, and on what its actions are. */
import { type Calls, calls } from "./provider-calls.ts";

const retagged = ["AddTags", "RemoveTags"];

/** What its operations ask EC2 for with the rights of who calls them: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html */
const ofVpcs = ["ec2.DescribeInternetGateways", "ec2.DescribeVpcs"];

export const loadBalancingCalls: Readonly<Record<string, Calls>> = {
  "aws:lb/loadBalancer:LoadBalancer": calls("elbv2", {
    read: [
      "DescribeLoadBalancers",
      "DescribeLoadBalancerAttributes",
      "DescribeCapacityReservation",
      "DescribeTags",
    ],
    create: [
      "CreateLoadBalancer",
      ...["ec2.DescribeAccountAttributes", "ec2.DescribeAddresses", "ec2.DescribeSecurityGroups"],
      ...["ec2.DescribeSubnets", ...ofVpcs],
      "AddTags",
      "ModifyLoadBalancerAttributes",
      "SetSecurityGroups",
    ],
    update: [
      "ModifyLoadBalancerAttributes",
      ...["SetSecurityGroups", "SetSubnets", "ec2.DescribeSubnets"],
      ...retagged,
    ],
    // Until its interfaces are gone.
    delete: ["DeleteLoadBalancer", "ec2.DescribeNetworkInterfaces"],
  }),
  "aws:lb/targetGroup:TargetGroup": calls("elbv2", {
    read: ["DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"],
    create: ["CreateTargetGroup", ...ofVpcs, "AddTags", "ModifyTargetGroupAttributes"],
    update: ["ModifyTargetGroup", "ModifyTargetGroupAttributes", ...retagged],
    delete: ["DeleteTargetGroup"],
  }),
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": calls("elbv2", {
    read: ["DescribeTargetHealth"],
    create: ["RegisterTargets", "ec2.DescribeInstances", "ec2.DescribeSubnets", ...ofVpcs],
    delete: ["DeregisterTargets"],
  }),
  "aws:lb/listener:Listener": calls("elbv2", {
    read: ["DescribeListeners", "DescribeListenerAttributes", "DescribeTags"],
    create: ["CreateListener", "AddTags"],
    update: ["ModifyListener", ...retagged],
    delete: ["DeleteListener"],
  }),
};

const balancer = "loadbalancer/net/";
const listener = "listener/net";
const group = "targetgroup";

/**
 * By action, the types of what it is on. The package with the reference has both of the service's APIs as one, and takes the older one's for what both have.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
 */
const onWhat: Readonly<Record<string, readonly string[]>> = {
  AddTags: [balancer, listener, group],
  RemoveTags: [balancer, listener, group],
  CreateLoadBalancer: [balancer],
  DeleteLoadBalancer: [balancer],
  ModifyLoadBalancerAttributes: [balancer],
  SetSecurityGroups: [balancer],
  SetSubnets: [balancer],
  CreateListener: [balancer],
  DeleteListener: [listener],
  ModifyListener: [listener],
  CreateTargetGroup: [group],
  DeleteTargetGroup: [group],
  ModifyTargetGroup: [group],
  ModifyTargetGroupAttributes: [group],
  RegisterTargets: [group],
  DeregisterTargets: [group],
};

/** @param name of an action of Elastic Load Balancing @returns as the reference tells them */
export function loadBalancingTypes(name: string) {
  return (onWhat[name] ?? []).map((it) => ({ name: it, required: true, conditionKeys: [] }));
}
