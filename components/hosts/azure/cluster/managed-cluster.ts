import { MaintenanceConfiguration } from "@pulumi/azure-native/containerservice/maintenanceConfiguration.js";
import { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import type { input } from "@pulumi/azure-native/types/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { azureNode } from "../../../capacity/cluster-nodes.ts";
import { ofRegion } from "../../../config/per-region.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { isTagged } from "../../naming.ts";
import type { Place } from "../place.ts";
import type { ClusterArgs } from "./findings.ts";
import type { ClusterNetwork } from "./network.ts";
import {
  countFor,
  dnsAddress,
  nodeCount,
  podRange,
  podsPerNode,
  poolName,
  serviceRange,
  zonesOfNodes,
} from "./nodes.ts";

export interface ManagedClusterArgs {
  readonly place: Place;
  readonly identity: UserAssignedIdentity;
  readonly network: ClusterNetwork;
  /** What AKS must be allowed to before it makes the cluster. */
  readonly after: readonly pulumi.Resource[];
}

/** What AKS doesn't change of nodes, and the provider doesn't know that: https://learn.microsoft.com/azure/aks/create-node-pools#limitations */
const fixed = [
  "availabilityZones",
  "enableNodePublicIP",
  "maxPods",
  "osDiskSizeGB",
  "osDiskType",
  "osSKU",
  "vmSize",
  "vnetSubnetID",
].map((property) => `agentPoolProfiles[0].${property}`);

/**
 * A small AKS cluster for the cache alone: ADR 14.
 *
 * Version, replicas and who reaches the API change in place. Anything else makes another one, of the same name: so the old one goes before, and what is in it.
 */
export function createManagedCluster(
  name: string,
  args: ClusterArgs,
  { place, identity, network, after }: ManagedClusterArgs,
  options: pulumi.CustomResourceOptions,
): ManagedCluster {
  const { region, names, governance } = args.plan;
  const encryptionSet = ofRegion(governance?.diskEncryptionSet, region.name);
  const cluster = new ManagedCluster(
    name,
    {
      ...place,
      resourceName: names.cluster,
      dnsPrefix: names.dnsPrefix,
      nodeResourceGroup: names.nodeResourceGroup,
      // With a promise of how long the API is there; without, AKS is meant for tests: https://learn.microsoft.com/azure/aks/free-standard-pricing-tiers
      sku: { name: "Base", tier: "Standard" },
      kubernetesVersion: region.version,
      identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
      enableRBAC: true,
      apiServerAccessProfile: {
        // The nodes come by the internet, too: https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
        authorizedIPRanges: [...ipv4Ranges(region.apiAccess), ...network.egress],
        // It leads past these ranges.
        disableRunCommand: true,
      },
      oidcIssuerProfile: { enabled: true },
      securityProfile: { workloadIdentity: { enabled: true } },
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataplane: "cilium",
        networkPolicy: "cilium",
        loadBalancerSku: "standard",
        outboundType: network.outboundType,
        podCidr: podRange,
        serviceCidr: serviceRange,
        dnsServiceIP: dnsAddress,
      },
      ...(encryptionSet !== undefined && { diskEncryptionSetID: encryptionSet }),
      agentPoolProfiles: [nodePool(args, network, place)],
      // Patches and images by themselves, the minor version never.
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      // The cache has no volumes: each of these would take room on every node.
      storageProfile: {
        diskCSIDriver: { enabled: false },
        fileCSIDriver: { enabled: false },
        snapshotController: { enabled: false },
      },
    },
    {
      ...options,
      dependsOn: [...after],
      replaceOnChanges: fixed,
      deleteBeforeReplace: true,
    },
  );
  createMaintenanceWindows(name, { cluster, place }, options);
  return cluster;
}

function nodePool(
  { plan, found: { liveNodes } }: ClusterArgs,
  { subnet: vnetSubnetID }: ClusterNetwork,
  { tags }: Place,
): input.containerservice.ManagedClusterAgentPoolProfileArgs {
  const { region } = plan;
  const zones = zonesOfNodes(region);
  const { min, max } = nodeCount(region);
  return {
    name: poolName,
    mode: "System",
    type: "VirtualMachineScaleSets",
    vmSize: region.nodes.type,
    osType: "Linux",
    osSKU: "AzureLinux",
    osDiskType: "Managed",
    osDiskSizeGB: azureNode.diskGiB,
    maxPods: podsPerNode,
    // AKS takes both versions in one step only if they are the same.
    orchestratorVersion: region.version,
    ...(zones.length > 0 && { availabilityZones: zones }),
    enableAutoScaling: true,
    count: countFor({ min, max }, liveNodes),
    minCount: min,
    maxCount: max,
    enableNodePublicIP: false,
    vnetSubnetID,
    // Of the machines, their disks and interfaces, which AKS makes: https://learn.microsoft.com/azure/aks/use-tags
    ...(isTagged(plan) && { tags }),
  };
}

/** When nodes may be replaced, one after the other: https://learn.microsoft.com/azure/aks/planned-maintenance#schedule-configuration-types-for-planned-maintenance */
const windows = {
  patches: { configName: "aksManagedAutoUpgradeSchedule", dayOfWeek: "Tuesday" },
  "node-images": { configName: "aksManagedNodeOSUpgradeSchedule", dayOfWeek: "Wednesday" },
} as const;

function createMaintenanceWindows(
  name: string,
  { cluster, place }: { readonly cluster: ManagedCluster; readonly place: Place },
  options: pulumi.CustomResourceOptions,
): void {
  for (const [what, { configName, dayOfWeek }] of Object.entries(windows)) {
    new MaintenanceConfiguration(
      `${name}-${what}`,
      {
        resourceGroupName: place.resourceGroupName,
        resourceName: cluster.name,
        configName,
        maintenanceWindow: {
          schedule: { weekly: { dayOfWeek, intervalWeeks: 1 } },
          startTime: "02:00",
          utcOffset: "+00:00",
          durationHours: 4,
        },
      },
      { ...options, deletedWith: cluster },
    );
  }
}
