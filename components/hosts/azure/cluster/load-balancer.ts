import type { Handover } from "../../kubernetes/handover.ts";

const prefix = "service.beta.kubernetes.io/azure-";

/**
 * How AKS makes the Service's load balancer: with the stack's own address.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/
 */
export function loadBalancerAnnotations(resourceGroup: string, addressName: string): Record<string, string> {
  return {
    [`${prefix}load-balancer-resource-group`]: resourceGroup,
    [`${prefix}pip-name`]: addressName,
  };
}

/**
 * It asks the nodes every 5 s whether they have a replica, and believes what they say twice; what is under way meanwhile, kube-proxy still leads to the old one.
 * https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/ (health probes)
 */
export const loadBalancerHandover: Handover = { drainSeconds: 45, minReadySeconds: 15 };
