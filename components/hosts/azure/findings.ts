import { getClientConfig } from "@pulumi/azure-native/authorization/getClientConfig.js";
import { getZone } from "@pulumi/azure-native/dns/getZone.js";
import { getSecret } from "@pulumi/azure-native/keyvault/getSecret.js";
import { getVirtualNetwork } from "@pulumi/azure-native/network/getVirtualNetwork.js";
import { getResourceGroup } from "@pulumi/azure-native/resources/getResourceGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import type { LookedUp } from "../host.ts";
import { LookUp } from "../vm/look-up.ts";
import type { AzureVmRegion } from "./vm-args.ts";

/** A region in which the static checks have found nothing, and who asks Azure about it. */
interface Question {
  readonly region: AzureVmRegion;
  /** The provider's functions see no other. */
  readonly subscription: string;
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

/** Asks Azure whether all that a region needs is there. Nothing of the answers is needed later: in Azure, names are ids. */
export async function findingsFor(
  region: AzureVmRegion,
  provider: pulumi.ProviderResource,
): Promise<LookedUp<never>> {
  const options = { provider };
  const lookUp = new LookUp();
  const client = await lookUp.ask("subscription", "the subscription", getClientConfig(options));
  if (!client) return { problems: lookUp.problems };
  const question = { region, subscription: client.subscriptionId, lookUp, options };
  await Promise.all([
    findResourceGroup(question),
    findZone(question),
    findSubnet(question),
    findCertificate(question),
  ]);
  return { problems: lookUp.problems };
}

async function findResourceGroup({ region, lookUp, options }: Question): Promise<void> {
  const { resourceGroup: resourceGroupName } = region;
  if (resourceGroupName === undefined) return;
  await lookUp.ask("resourceGroup", resourceGroupName, getResourceGroup({ resourceGroupName }, options));
}

async function findZone({ region, lookUp, options }: Question): Promise<void> {
  const { zone: zoneName, zoneResourceGroup: resourceGroupName } = region.endpoint;
  if (zoneName === undefined || resourceGroupName === undefined) return;
  const zone = getZone({ zoneName, resourceGroupName }, options);
  await lookUp.ask("endpoint.zone", `the zone ${zoneName} in ${resourceGroupName}`, zone);
}

/** Machine, interface and network must be in one region and one subscription: https://learn.microsoft.com/azure/virtual-machines/network-overview#network-interfaces */
async function findSubnet({ region, subscription, lookUp, options }: Question): Promise<void> {
  if (!("subnet" in region.network)) return;
  const { vnet, subnet } = region.network;
  const {
    subscription: owner = "",
    group: resourceGroupName = "",
    name: virtualNetworkName = "",
  } = partsOf(vnet);
  if (owner !== subscription) {
    lookUp.refuse("network.vnet", `is in the subscription ${owner}, and the machine in ${subscription}`);
    return;
  }
  const network = getVirtualNetwork({ resourceGroupName, virtualNetworkName }, options);
  const found = await lookUp.ask("network.vnet", virtualNetworkName, network);
  if (!found) return;
  const { location, subnets = [] } = found;
  if (location !== region.name)
    lookUp.refuse("network.vnet", `is in ${location}, and the machine in ${region.name}`);
  const names = subnets.map(({ name }) => name);
  if (!names.includes(subnet)) {
    lookUp.refuse(
      "network.subnet",
      `${virtualNetworkName} has no ${subnet}, only ${names.join(", ") || "none"}`,
    );
  }
}

/** That it is there, not what it is. */
async function findCertificate({ region, subscription, lookUp, options }: Question): Promise<void> {
  const { tls } = region.endpoint;
  if (tls.mode !== "provided") return;
  const {
    subscription: owner,
    group: resourceGroupName = "",
    name: vaultName = "",
    child: secretName = "",
  } = partsOf(tls.secretName);
  if (owner !== subscription) return;
  const secret = getSecret({ resourceGroupName, vaultName, secretName }, options);
  await lookUp.ask("endpoint.tls.secretName", `the secret ${secretName} in ${vaultName}`, secret);
}

/** `/subscriptions/<subscription>/resourceGroups/<group>/providers/<type>/<kind>/<name>/<kind>/<child>`; the first word's case is Azure's, who knows none. */
function partsOf(resourceId: string) {
  const [, , subscription, , group, , , , name, , child] = resourceId.split("/");
  return { subscription: subscription?.toLowerCase(), group, name, child };
}
