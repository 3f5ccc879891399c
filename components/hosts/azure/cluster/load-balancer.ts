import type { Handover } from "../../kubernetes/handover.ts";
import { isPrivate } from "../endpoint.ts";
import { ownSubnets } from "../subnet.ts";
import type { AzureClusterPlan } from "./plan.ts";

const prefix = "service.beta.kubernetes.io/azure-";

const subnetAnnotation = `${prefix}load-balancer-internal-subnet`;

/** In another subnet, the load balancer has another address. A Service in an existing cluster changes in place. */
export const placingAnnotations = [subnetAnnotation] as const;

/**
 * Annotations that configure the Service's load balancer: a public one with the stack's own address, or an internal one in a subnet, where AKS chooses the address.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/, https://cloud-provider-azure.sigs.k8s.io/topics/pls-integration/
 */
export function loadBalancerAnnotations({ region, names }: AzureClusterPlan): Record<string, string> {
  const { network, resourceGroup = names.resourceGroup } = region;
  if (!isPrivate(region))
    return {
      [`${prefix}load-balancer-resource-group`]: resourceGroup,
      [`${prefix}pip-name`]: names.address,
    };
  const { privateLink } = region.endpoint;
  const { own, link } = ownSubnets.cluster;
  const existing = "subnet" in network ? network : undefined;
  return {
    [`${prefix}load-balancer-internal`]: "true",
    [subnetAnnotation]: existing?.loadBalancerSubnet ?? existing?.subnet ?? own.name,
    // Without this, the rule AllowVnetInBound of the nodes' security group allows the whole network, regardless of the Service's ranges.
    [`${prefix}deny-all-except-load-balancer-source-ranges`]: "true",
    ...(privateLink && {
      [`${prefix}pls-create`]: "true",
      [`${prefix}pls-name`]: names.privateLink,
      [`${prefix}pls-resource-group`]: resourceGroup,
      [`${prefix}pls-ip-configuration-subnet`]: existing?.subnet ?? link.name,
      [`${prefix}pls-visibility`]: privateLink.allowed.join(" "),
      [`${prefix}pls-auto-approval`]: privateLink.allowed.join(" "),
    }),
  };
}

/**
 * The load balancer probes every 5 s whether a node has a replica, and changes its mind after two equal answers. Until then, kube-proxy still forwards connections to the old replica.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/ (health probes)
 */
export const loadBalancerHandover: Handover = { drainSeconds: 45, minReadySeconds: 15 };
