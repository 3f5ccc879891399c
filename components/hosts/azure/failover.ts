import { Profile } from "@pulumi/azure-native/trafficmanager/profile.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";
import type { AzureRegion } from "../../config/schema.ts";
import { sha256 } from "../naming.ts";
import { isPrivate } from "./outbound.ts";
import type { InPlace } from "./place.ts";

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

/** How long resolvers cache an answer, in seconds. */
const ttl = 30;

/**
 * Creates the Traffic Manager profile that answers for the endpoint's name: with the machine while it accepts connections, otherwise with a name without an address. A single
 * endpoint would be in the answer even if it is down, so there is a second one that is never probed and always served.
 * https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring#endpoint-status
 *
 * The switch happens after three failed probes, 30 seconds apart: within two minutes.
 *
 * @returns the profile's own DNS name, or undefined if the configuration has no failover
 */
export function createFailover(
  { plan: { region, names }, place: { resourceGroupName, tags } }: InPlace,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (!hasFailover(region)) return undefined;
  const { hostname, port } = region.endpoint;
  // The name must be unique in all of Azure. The host name is unique in the world, so its hash is, too.
  const relativeName = `cache-${sha256(hostname).slice(0, 24)}`;
  const type = "Microsoft.Network/trafficManagerProfiles/externalEndpoints";
  const { id } = new Profile(
    region.name,
    {
      resourceGroupName,
      tags,
      location: "global",
      profileName: names.machine,
      trafficRoutingMethod: "Priority",
      dnsConfig: { relativeName, ttl },
      // Probes only the TCP connection, because the edge doesn't answer requests from unknown addresses.
      monitorConfig: {
        protocol: "TCP",
        port,
        intervalInSeconds: 30,
        timeoutInSeconds: 10,
        toleratedNumberOfFailures: 2,
      },
      endpoints: [
        { name: "machine", type, target: directName(hostname), priority: 1 },
        { name: "gone", type, target: goneName(hostname), priority: 2, alwaysServe: "Enabled" },
      ],
    },
    options,
  );
  return id.apply(() => `${relativeName}.trafficmanager.net`);
}
