import { Profile } from "@pulumi/azure-native/trafficmanager/profile.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";
import type { AzureRegion } from "../../config/schema.ts";
import { sha256 } from "../naming.ts";
import type { AzurePlan } from "./naming.ts";
import { isPrivate } from "./outbound.ts";
import type { Place } from "./place.ts";

export function hasFailover({ endpoint }: Pick<AzureRegion, "endpoint">): boolean {
  return endpoint.failover === "dns";
}

/** @returns problems whose path is relative to the region. */
export function failoverProblems(region: AzureRegion): Problem[] {
  if (!hasFailover(region)) return [];
  const problem = (message: string) => [{ path: "endpoint.failover", message }];
  // https://learn.microsoft.com/azure/traffic-manager/traffic-manager-faqs#what-types-of-ip-addresses-can-i-use-when-adding-an-endpoint
  if (isPrivate(region))
    return problem(
      "takes a public endpoint: Azure's Traffic Manager probes from the internet, and takes no private addresses. Leave it out, and set `dial_timeout` on the nodes (docs/private-networks.md#azure)",
    );
  if (region.topology === "cluster")
    return problem(
      "is for a machine: the load balancer of a cluster already leaves out replicas that don't answer. Leave it out",
    );
  return [];
}

/** Names below the endpoint's: of the machine, whatever happens, and of what stands in for it, which has no address. */
export const directName = (hostname: string) => `direct.${hostname}`;
export const goneName = (hostname: string) => `gone.${hostname}`;

/** Seconds that others remember an answer. */
const ttl = 30;

/**
 * What answers for the endpoint's name: the machine as long as it takes connections, otherwise a name without an address. Alone, an endpoint would be in the answer even when
 * it is dead; so there is a second one, which is never probed and always there.
 * https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring#endpoint-status
 *
 * After three failed probes 30 seconds apart, so within two minutes.
 *
 * @returns the profile's own name, where the configuration asks for it
 */
export function createFailover(
  name: string,
  { region, names }: AzurePlan,
  { resourceGroupName, tags }: Place,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (!hasFailover(region)) return undefined;
  const { hostname, port } = region.endpoint;
  // Shared with all of Azure, as the host name is with all of the world.
  const relativeName = `cache-${sha256(hostname).slice(0, 24)}`;
  const type = "Microsoft.Network/trafficManagerProfiles/externalEndpoints";
  const { id } = new Profile(
    name,
    {
      resourceGroupName,
      tags,
      location: "global",
      profileName: names.machine,
      trafficRoutingMethod: "Priority",
      dnsConfig: { relativeName, ttl },
      // No request, only a connection: the edge answers none of strangers.
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
