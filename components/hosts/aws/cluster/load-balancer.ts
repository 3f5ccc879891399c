import type { Handover } from "../../kubernetes/handover.ts";
import { isTagged, stackTags } from "../../naming.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** Of Auto Mode's controller. */
export const loadBalancerClass = "eks.amazonaws.com/nlb";

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";

/**
 * How it makes the Service's load balancer: a Network Load Balancer that sends clients straight to the Pods, with their own addresses.
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html
 *
 * @param subnets ids. @default those with the tag for it
 */
export function loadBalancerAnnotations(
  plan: AwsClusterPlan,
  subnets?: readonly string[],
): Record<string, string> {
  const { exposure, privateLink } = plan.region.endpoint;
  const tags = Object.entries(stackTags(plan.stack, plan.governance?.tags));
  return {
    [`${prefix}scheme`]: exposure === "public" ? "internet-facing" : "internal",
    [`${prefix}nlb-target-type`]: "ip",
    [`${prefix}target-group-attributes`]: "preserve_client_ip.enabled=true",
    // A zone whose replica is just being replaced is answered for by another one.
    [`${prefix}attributes`]: "load_balancing.cross_zone.enabled=true",
    // Who comes by an endpoint of another account, the endpoint service decides.
    ...(privateLink && { [`${prefix}inbound-sg-rules-on-private-link-traffic`]: "off" }),
    ...(subnets && { [`${prefix}subnets`]: subnets.join(", ") }),
    // Of what the controller makes for the load balancer, too.
    ...(isTagged(plan) && {
      [`${prefix}additional-resource-tags`]: tags.map((tag) => tag.join("=")).join(","),
    }),
  };
}

/**
 * The name of a Network Load Balancer by that in DNS, which is the name and an id:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-name
 */
export function loadBalancerName(hostname: string): string {
  return hostname.replace(/-[^-.]+\..*$/, "");
}

/**
 * Deregistration begins when a Pod is deleted, and new connections come for about two minutes more, whatever the deregistration delay; a minute more is for the controller's
 * own queue. A new Pod is ready only when its target is healthy (see below); not all of the load balancer's nodes know it at that moment.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366, https://github.com/aws/containers-roadmap/issues/470
 */
export const loadBalancerHandover: Handover = { drainSeconds: 180, minReadySeconds: 60 };

/**
 * For the namespace: a new Pod counts as ready when the load balancer sends it clients, so an old one doesn't go before.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/; the key is Auto Mode's.
 */
export const readinessGateLabels = { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" } as const;
