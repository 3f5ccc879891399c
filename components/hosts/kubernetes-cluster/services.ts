import type { Cloud } from "../../capacity/machine.ts";

/** Of sources in all rules of a network security group of Azure: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-resource-manager-virtual-networking-limits */
export const maxSecurityGroupRanges = 4000;

/** A cloud's service that runs clusters. */
export interface Service {
  readonly name: string;
  /** Per minor version the last day of its standard support. */
  readonly supportEnds: Readonly<Record<string, string>>;
  /** The most address ranges that may reach a cluster's API. */
  readonly mostApiRanges: number;
  /** The most address ranges that may reach a load balancer, and what holds them. */
  readonly mostClientRanges: number;
  readonly clientRangesIn: string;
}

export const services: Readonly<Record<Cloud, Service>> = {
  aws: {
    name: "EKS",
    // https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, https://endoflife.date/amazon-eks (2026-08-22)
    supportEnds: { "1.33": "2026-07-29", "1.34": "2026-12-02", "1.35": "2027-03-27", "1.36": "2027-08-02" },
    // https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
    mostApiRanges: 40,
    // The controller makes one for all ranges: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
    mostClientRanges: 60,
    clientRangesIn: "the load balancer's security group",
  },
  azure: {
    name: "AKS",
    // Azure names the month; this is its last day: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions (2026-08-05)
    supportEnds: { "1.34": "2026-11-30", "1.35": "2027-03-31", "1.36": "2027-06-30" },
    // https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges#overview-of-api-server-authorized-ip-ranges
    mostApiRanges: 200,
    mostClientRanges: maxSecurityGroupRanges,
    clientRangesIn: "the nodes' network security group",
  },
};
