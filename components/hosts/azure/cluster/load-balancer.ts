import type { Handover } from "../../kubernetes/handover.ts";
import { isPrivate } from "../outbound.ts";
import { ownSubnets } from "../subnet.ts";
import type { AzureClusterPlan } from "./plan.ts";

const prefix = "service.beta.kubernetes.io/azure-";

const subnetAnnotation = `${prefix}load-balancer-internal-subnet`;

/** With another subnet, the load balancer has another address. A Service in an existing cluster changes in place. */
export const placingAnnotations = [subnetAnnotation] as const;

/**
 * How AKS makes the Service's load balancer: with the stack's own address, or inside of the nodes' subnet or one beside it, where AKS chooses the address.
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
    // Without it, the rule AllowVnetInBound of the nodes' security group lets in everything of the network, whatever the Service's ranges are.
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
 * It asks the nodes every 5 s whether they have a replica, and believes what they say twice; what is under way meanwhile, kube-proxy still leads to the old one.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/ (health probes)
 */
export const loadBalancerHandover: Handover = { drainSeconds: 45, minReadySeconds: 15 };
