import type { Handover } from "../../kubernetes/handover.ts";
import { isTagged, stackTags } from "../../naming.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** The class of Auto Mode's controller. */
export const loadBalancerClass = "eks.amazonaws.com/nlb";

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";

/**
 * Annotations that configure the Service's load balancer: a Network Load Balancer that sends clients directly to the Pods and preserves their addresses.
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html
 *
 * @param subnets ids. @default the controller finds subnets by their tags
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
    // While the replica in one zone is replaced, a replica in another zone serves that zone's clients.
    [`${prefix}attributes`]: "load_balancing.cross_zone.enabled=true",
    // The endpoint service decides which clients from other accounts are allowed.
    ...(privateLink && { [`${prefix}inbound-sg-rules-on-private-link-traffic`]: "off" }),
    ...(subnets && { [`${prefix}subnets`]: subnets.join(", ") }),
    // The controller also puts these tags on what it creates for the load balancer.
    ...(isTagged(plan) && {
      [`${prefix}additional-resource-tags`]: tags.map((tag) => tag.join("=")).join(","),
    }),
  };
}

/**
 * The name of a Network Load Balancer, from its DNS name, which consists of the name and an id:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-name
 */
export function loadBalancerName(hostname: string): string {
  return hostname.replace(/-[^-.]+\..*$/, "");
}

/**
 * Deregistration begins when a Pod is deleted. New connections arrive for about two more minutes, whatever the deregistration delay is; one more minute is for the controller's
 * queue. A new Pod is ready only after its target is healthy (see below), but not all nodes of the load balancer know that immediately.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366, https://github.com/aws/containers-roadmap/issues/470
 */
export const loadBalancerHandover: Handover = { drainSeconds: 180, minReadySeconds: 60 };

/**
 * Labels of the namespace. With them, a new Pod counts as ready only when the load balancer sends it clients, so the old Pod doesn't stop before that.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/; the key is Auto Mode's.
 */
export const readinessGateLabels = { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" } as const;
