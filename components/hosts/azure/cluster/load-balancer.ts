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
