import type { Handover } from "../../kubernetes/handover.ts";
import { isPrivate } from "../outbound.ts";
import { nodeSubnet } from "./network.ts";
import type { AzureClusterPlan } from "./plan.ts";

const prefix = "service.beta.kubernetes.io/azure-";

/**
 * How AKS makes the Service's load balancer: with the stack's own address, or inside of the nodes' subnet, where AKS chooses the address.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/
 */
export function loadBalancerAnnotations({ region, names }: AzureClusterPlan): Record<string, string> {
  const { network, resourceGroup = names.resourceGroup } = region;
  if (!isPrivate(region))
    return {
      [`${prefix}load-balancer-resource-group`]: resourceGroup,
      [`${prefix}pip-name`]: names.address,
    };
  return {
    [`${prefix}load-balancer-internal`]: "true",
    [`${prefix}load-balancer-internal-subnet`]: "subnet" in network ? network.subnet : nodeSubnet.name,
  };
}

/**
 * It asks the nodes every 5 s whether they have a replica, and believes what they say twice; what is under way meanwhile, kube-proxy still leads to the old one.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/ (health probes)
 */
export const loadBalancerHandover: Handover = { drainSeconds: 45, minReadySeconds: 15 };
