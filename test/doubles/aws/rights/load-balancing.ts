/** The operations of calls.ts for Elastic Load Balancing (API 2015-12-01), and the resource types of its actions. */
import { type Calls, calls } from "./provider-calls.ts";

const retagged = ["AddTags", "RemoveTags"];

/** Its calls of EC2 with the caller's rights: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html */
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
    // Waits until its interfaces are deleted.
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
 * The resource types of each action. The package with the reference merges the service's two APIs, and has the older one's types for actions in both.
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

/** @param name of an action of Elastic Load Balancing @returns types in the form of the reference */
export function loadBalancingTypes(name: string) {
  return (onWhat[name] ?? []).map((it) => ({ name: it, required: true, conditionKeys: [] }));
}
