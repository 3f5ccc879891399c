import { Profile } from "@pulumi/azure-native/trafficmanager/profile.js";
import type * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../naming.ts";
import { directName, goneName, hasFailover } from "./endpoint.ts";
import type { InPlace } from "./place.ts";

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
