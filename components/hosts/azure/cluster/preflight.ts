import * as pulumi from "@pulumi/pulumi";
import { azureEdgeCpuMillis } from "../../../capacity/cluster-nodes.ts";
import { machineNamed } from "../../../capacity/machines.ts";
import { planReplica } from "../../../capacity/plan-replica.ts";
import type { Problem } from "../../../config/problems.ts";
import { ownClusterFindings } from "../../kubernetes-cluster/preflight.ts";
import type { Surroundings } from "../../kubernetes-cluster/surroundings.ts";
import type { PreflightFindings } from "../../kubernetes-cluster/versions.ts";
import { nameProblems } from "../preflight.ts";
import { allZonesOf } from "../regions.ts";
import type { AzureClusterRegion, ClusterPlanArgs } from "./cluster-args.ts";
import { clusterNamesOf } from "./naming.ts";
import { replicaDiskGiB } from "./nodes.ts";

/** What is to be said of a region, found without asking Azure. */
export function clusterPreflight(args: ClusterPlanArgs, surroundings: Surroundings): PreflightFindings {
  const { region } = args;
  const kind = { cloud: "azure", nodeDiskGiB: replicaDiskGiB } as const;
  const { problems, warnings } = ownClusterFindings(args, kind, surroundings);
  const node = machineNamed("azure", region.nodes.type);
  return {
    problems: [
      ...nameProblems(region),
      ...problems,
      ...networkNameProblems(region),
      ...zoneProblems(region),
      // Of other sizes, Azure says how many there are: see findings.ts.
      ...(node ? processorProblems(args, node.vCpu) : []),
    ],
    warnings,
  };
}

/** They become labels of the nodes: https://learn.microsoft.com/azure/aks/azure-cni-overlay#limitations-with-azure-cni-overlay */
const longestNetworkName = 63;

function networkNameProblems({ name: region, resourceGroup, network }: AzureClusterRegion): Problem[] {
  const parts =
    "subnet" in network
      ? [
          ["network.vnet", "the virtual network's resource group", network.vnet.split("/")[4] ?? ""],
          ["network.vnet", "the virtual network", network.vnet.split("/")[8] ?? ""],
          ["network.subnet", "the subnet", network.subnet],
        ]
      : [["resourceGroup", "the resource group", resourceGroup ?? ownGroup(region)]];
  return parts
    .filter(([, , name = ""]) => name.length > longestNetworkName)
    .map(([path = "", what, name = ""]) => ({
      path,
      message: `${what} has a name of ${name.length} characters, and AKS takes ${longestNetworkName} for the nodes' network: ${name}`,
    }));
}

function ownGroup(region: string): string {
  return clusterNamesOf({ stack: pulumi.getStack(), region }).resourceGroup;
}

function zoneProblems({ name, nodes }: AzureClusterRegion): Problem[] {
  if (nodes.zones === undefined || allZonesOf(name).length > 0) return [];
  return [{ path: "nodes.zones", message: `${name} has no availability zones: leave this out` }];
}

/** A replica that asks for more processors than a node has would never start. */
export function processorProblems(
  { region: { storage, replicas, nodes }, workload }: ClusterPlanArgs,
  vCpu: number,
): Problem[] {
  const room = azureEdgeCpuMillis(vCpu);
  const { edge } = planReplica({ storage, replicas: replicas.min, workload });
  if (edge.cpuMillis <= room) return [];
  const needed = Math.ceil((edge.cpuMillis * replicas.min) / room);
  const message = `the workload's peak takes ${needed} replicas: a node (${nodes.type}) has ${room / 1000} processors for one, and with ${replicas.min} each would ask for ${edge.cpuMillis / 1000}`;
  return [{ path: "replicas.min", message }];
}
