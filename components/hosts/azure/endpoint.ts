/** What the endpoint of a region in Azure decides. */
import type { Problem } from "../../config/problems.ts";
import type { AzureRegion } from "../../config/schema.ts";

/** Whether clients can reach the region only from private networks. Such a region has no public address for clients. */
export function isPrivate({ endpoint }: Pick<AzureRegion, "endpoint">): boolean {
  return endpoint.exposure === "private";
}

export function hasFailover({ endpoint }: Pick<AzureRegion, "endpoint">): boolean {
  return endpoint.failover === "dns";
}

/** @returns problems whose path is relative to the region */
export function failoverProblems(region: AzureRegion): Problem[] {
  if (!hasFailover(region)) return [];
  const problem = (message: string) => [{ path: "endpoint.failover", message }];
  // https://learn.microsoft.com/azure/traffic-manager/traffic-manager-faqs#what-types-of-ip-addresses-can-i-use-when-adding-an-endpoint
  if (isPrivate(region))
    return problem(
      "needs a public endpoint: Azure's Traffic Manager probes from the internet, and doesn't support private addresses. Leave it out, and set `dial_timeout` on the nodes (docs/private-networks.md#azure)",
    );
  if (region.topology === "cluster")
    return problem(
      "is for a machine: the load balancer of a cluster already leaves out replicas that don't answer. Leave it out",
    );
  return [];
}

/** DNS names below the endpoint's: `direct` always leads to the machine. `gone` replaces it when it fails, and has no address. */
export const directName = (hostname: string) => `direct.${hostname}`;
export const goneName = (hostname: string) => `gone.${hostname}`;

/** The subscriptions of `endpoint.zone` and of the zone for the challenge. Undefined means the region's. */
export function zoneSubscriptions({
  endpoint: { zoneSubscription: own, tls },
}: Pick<AzureRegion, "endpoint">): Readonly<Record<"own" | "challenge", string | undefined>> {
  return { own, challenge: (tls.mode === "acme" ? tls.challengeZoneSubscription : undefined) ?? own };
}

/** The zone for a name's DNS-01 challenge. */
export function challengeZone(hostname: string): string {
  return `acme.${hostname}`;
}
