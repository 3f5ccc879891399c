import type { Cloud } from "../../capacity/machine.ts";
import { maxSecurityGroupRanges } from "../firewall-limits.ts";

/** A cloud's service that runs clusters. */
export interface Service {
  readonly name: string;
  /** Per minor version the last day of its standard support. */
  readonly supportEnds: Readonly<Record<string, string>>;
  /** The most address ranges that may reach a cluster's API. */
  readonly maxApiRanges: number;
  /** The most address ranges that may reach a load balancer, and what holds them. @default the cloud is asked */
  readonly maxClientRanges?: number;
  readonly clientRangesIn: string;
}

export const services: Readonly<Record<Cloud, Service>> = {
  aws: {
    name: "EKS",
    // https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, https://endoflife.date/amazon-eks (2026-08-22)
    supportEnds: { "1.33": "2026-07-29", "1.34": "2026-12-02", "1.35": "2027-03-27", "1.36": "2027-08-02" },
    // https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
    maxApiRanges: 40,
    clientRangesIn: "the load balancer's security group",
  },
  azure: {
    name: "AKS",
    // Azure names the month; this is its last day: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions (2026-08-05)
    supportEnds: { "1.34": "2026-11-30", "1.35": "2027-03-31", "1.36": "2027-06-30" },
    // https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges#overview-of-api-server-authorized-ip-ranges
    maxApiRanges: 200,
    maxClientRanges: maxSecurityGroupRanges,
    clientRangesIn: "the nodes' network security group",
  },
};
