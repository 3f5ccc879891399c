import type { ClusterCloud } from "../../capacity/machine.ts";
import { maxNetworkSecurityGroupRanges } from "../network-security-group.ts";

/** A cloud's managed Kubernetes service. */
export interface Service {
  readonly name: string;
  /** The last day of standard support, by minor version. */
  readonly supportEnds: Readonly<Record<string, string>>;
  /** Maximum number of address ranges that can be allowed to reach a cluster's API. */
  readonly maxApiRanges: number;
  /** Maximum number of address ranges that can be allowed to reach a load balancer. `clientRangesIn` names what holds them. @default the look-up asks the cloud */
  readonly maxClientRanges?: number;
  readonly clientRangesIn: string;
}

export const services: Readonly<Record<ClusterCloud, Service>> = {
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
    // Azure publishes only the month; this is its last day: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions (2026-08-05)
    supportEnds: { "1.34": "2026-11-30", "1.35": "2027-03-31", "1.36": "2027-06-30" },
    // https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges#overview-of-api-server-authorized-ip-ranges
    maxApiRanges: 200,
    maxClientRanges: maxNetworkSecurityGroupRanges,
    clientRangesIn: "the nodes' network security group",
  },
};
