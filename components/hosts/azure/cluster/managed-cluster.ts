import { MaintenanceConfiguration } from "@pulumi/azure-native/containerservice/maintenanceConfiguration.js";
import { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type { input } from "@pulumi/azure-native/types/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { azureNode, azurePodsPerNode } from "../../../capacity/cluster-nodes.ts";
import { ofRegion } from "../../../config/per-region.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { isTagged } from "../../naming.ts";
import type { Place } from "../place.ts";
import type { PlacedCluster } from "./findings.ts";
import type { ClusterIdentity } from "./identities.ts";
import type { ClusterNetwork } from "./network.ts";
import { countFor, dnsAddress, nodeCount, podRange, poolName, serviceRange, zonesOfNodes } from "./nodes.ts";

/** Properties of nodes that AKS can't change, which the provider doesn't know: https://learn.microsoft.com/azure/aks/create-node-pools#limitations */
const fixed = [
  "availabilityZones",
  "enableEncryptionAtHost",
  "enableNodePublicIP",
  "maxPods",
  "osDiskSizeGB",
  "osDiskType",
  "osSKU",
  "vmSize",
  "vnetSubnetID",
].map((property) => `agentPoolProfiles[0].${property}`);

/**
 * A small AKS cluster for this cache only: ADR 14.
 *
 * Version, number of replicas and access to the API change in place. Any other change replaces the cluster by one with the same name, so the old cluster and its content are deleted first.
 */
export function createManagedCluster(
  args: PlacedCluster,
  { identity, rights }: ClusterIdentity,
  network: ClusterNetwork,
  options: pulumi.CustomResourceOptions,
): ManagedCluster {
  const { plan, place } = args;
  const { region, names, governance } = plan;
  const { name } = region;
  const encryptionSet = ofRegion(governance?.diskEncryptionSet, name);
  const cluster = new ManagedCluster(
    name,
    {
      ...place,
      resourceName: names.cluster,
      dnsPrefix: names.dnsPrefix,
      nodeResourceGroup: names.nodeResourceGroup,
      // The tier with an SLA for the API. AKS's free tier is meant for tests: https://learn.microsoft.com/azure/aks/free-standard-pricing-tiers
      sku: { name: "Base", tier: "Standard" },
      kubernetesVersion: region.version,
      identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
      enableRBAC: true,
      apiServerAccessProfile: {
        // The nodes also reach the API through the internet: https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
        authorizedIPRanges: [...ipv4Ranges(region.apiAccess), ...network.egress],
        // The run command would bypass these ranges.
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
      agentPoolProfiles: [nodePool(args, network)],
      // Patch versions and node images are upgraded automatically; minor versions aren't.
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      // The cache uses no volumes, and each of these drivers would use resources on every node.
      storageProfile: {
        diskCSIDriver: { enabled: false },
        fileCSIDriver: { enabled: false },
        snapshotController: { enabled: false },
      },
    },
    {
      ...options,
      dependsOn: [...rights],
      replaceOnChanges: fixed,
      deleteBeforeReplace: true,
    },
  );
  createMaintenanceWindows(name, place, cluster, options);
  return cluster;
}

function nodePool(
  { plan, place: { tags }, found: { liveNodes } }: PlacedCluster,
  { subnet: vnetSubnetID }: ClusterNetwork,
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
    maxPods: azurePodsPerNode,
    // AKS upgrades cluster and nodes in one step only if both versions are the same.
    orchestratorVersion: region.version,
    ...(zones.length > 0 && { availabilityZones: zones }),
    enableAutoScaling: true,
    count: countFor({ min, max }, liveNodes),
    minCount: min,
    maxCount: max,
    enableNodePublicIP: false,
    ...(plan.governance?.encryptionAtHost && { enableEncryptionAtHost: true }),
    vnetSubnetID,
    // Tags of the machines, disks and interfaces that AKS creates: https://learn.microsoft.com/azure/aks/use-tags
    ...(isTagged(plan) && { tags }),
  };
}

/** Weekly windows in which nodes can be replaced, one after the other: https://learn.microsoft.com/azure/aks/planned-maintenance#schedule-configuration-types-for-planned-maintenance */
const windows = {
  patches: { configName: "aksManagedAutoUpgradeSchedule", dayOfWeek: "Tuesday" },
  "node-images": { configName: "aksManagedNodeOSUpgradeSchedule", dayOfWeek: "Wednesday" },
} as const;

function createMaintenanceWindows(
  name: string,
  { resourceGroupName }: Place,
  cluster: ManagedCluster,
  options: pulumi.CustomResourceOptions,
): void {
  for (const [what, { configName, dayOfWeek }] of Object.entries(windows)) {
    new MaintenanceConfiguration(
      `${name}-${what}`,
      {
        resourceGroupName,
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
