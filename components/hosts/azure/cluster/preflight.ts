import * as pulumi from "@pulumi/pulumi";
import { azureNode } from "../../../capacity/cluster-nodes.ts";
import { planReplica } from "../../../capacity/plan-replica.ts";
import type { Problem } from "../../../config/problems.ts";
import { ownClusterFindings } from "../../kubernetes-cluster/preflight.ts";
import type { Surroundings } from "../../kubernetes-cluster/surroundings.ts";
import type { PreflightFindings } from "../../kubernetes-cluster/versions.ts";
import { nameProblems } from "../preflight.ts";
import type { AzureClusterRegion, ClusterPlanArgs } from "./cluster-args.ts";
import { clusterNamesOf } from "./naming.ts";
import { edgeRoom } from "./nodes.ts";

/** What is to be said of a region, found without asking Azure. */
export function clusterPreflight(args: ClusterPlanArgs, surroundings: Surroundings): PreflightFindings {
  const { region } = args;
  const kind = { cloud: "azure", nodeDiskGiB: edgeRoom.diskGiB } as const;
  const { problems, warnings } = ownClusterFindings(args, kind, surroundings);
  return {
    problems: [
      ...nameProblems(region),
      ...problems,
      ...networkNameProblems(region),
      ...processorProblems(args),
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

/** A replica that asks for more processors than a node has would never start. */
function processorProblems({ region: { storage, replicas }, workload }: ClusterPlanArgs): Problem[] {
  const { edge } = planReplica({ storage, replicas: replicas.min, workload });
  if (edge.cpuMillis <= edgeRoom.cpuMillis) return [];
  const needed = Math.ceil((edge.cpuMillis * replicas.min) / edgeRoom.cpuMillis);
  const message = `the workload's peak takes ${needed} replicas: a node (${azureNode.type}) has ${edgeRoom.cpuMillis / 1000} processors for one, and with ${replicas.min} each would ask for ${edge.cpuMillis / 1000}`;
  return [{ path: "replicas.min", message }];
}
