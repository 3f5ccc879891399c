import type { OwnSubnet } from "../subnet.ts";

/**
 * Addresses of Pods and Services, which no one outside of the cluster sees. The ranges are of those that are meant for such use and seldom taken by networks that a
 * virtual network is connected to: https://www.rfc-editor.org/rfc/rfc6598
 *
 * Each node gets a /24 of the Pods' range: https://learn.microsoft.com/azure/aks/azure-cni-overlay#ip-address-planning
 */
export const podRange = "100.64.0.0/16";
export const serviceRange = "100.65.0.0/16";
export const dnsAddress = "100.65.0.10";

/** In a network of the stack's own. */
export const nodeSubnet: OwnSubnet = { name: "nodes", range: "10.255.254.0/24" };
export const clusterLinkSubnet: OwnSubnet = { name: "private-link", range: "10.255.253.0/28" };
