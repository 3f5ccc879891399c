import type { Machine } from "../../../capacity/machine.ts";
import { machineNamed } from "../../../capacity/machines.ts";
import { orRedirect } from "../../../capacity/plan-region.ts";
import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AzureClusterRegion } from "../../../config/schema.ts";
import type { Findings, Planned, PlanRequest } from "../../kind.ts";
import { judgeRoom, type OwnClusterPlan, planOwnCluster } from "../../kubernetes-cluster/plan.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { regionNameProblems } from "../../region-name.ts";
import { failoverProblems, isPrivate } from "../endpoint.ts";
import { type ClusterNames, clusterNamesOf, partsOf } from "../naming.ts";
import { allZonesOf, azureRegions } from "../regions.ts";
import { replicaDiskGiB } from "./nodes.ts";

/** A region with an AKS cluster. */
export interface AzureClusterPlan extends OwnClusterPlan<AzureClusterRegion> {
  readonly names: ClusterNames;
}

export function planAzureCluster(request: PlanRequest<AzureClusterRegion>): Planned<AzureClusterPlan> {
  const { region, stack } = request;
  const { plan: planned, problems, warnings } = planOwnCluster(request, services.azure, replicaDiskGiB);
  const plan = { ...planned, names: clusterNamesOf({ stack, region: region.name }) };
  const node = machineNamed("azure", region.nodes.type);
  // For other sizes, the look-up asks Azure for the number of vCPUs: see findings.ts.
  const room = node && judgeNode(plan, node);
  return {
    plan,
    problems: [
      ...regionNameProblems(region, azureRegions),
      ...failoverProblems(region),
      ...problems,
      ...networkNameProblems(plan),
      ...loadBalancerSubnetProblems(region),
      ...problemIf(
        region.nodes.zones !== undefined && allZonesOf(region.name).length === 0,
        "nodes.zones",
        `${region.name} has no availability zones: leave this out`,
      ),
      ...(room?.problems ?? []),
    ],
    warnings: [...warnings, ...(room?.warnings ?? [])],
  };
}

/** Judges whether a node is large enough for a replica. */
export function judgeNode(
  plan: AzureClusterPlan,
  node: Pick<Machine, "type" | "vCpu" | "memoryGiB">,
): Findings {
  const wayOut = `set a larger size${orRedirect(plan.region.storage)}`;
  return judgeRoom(plan, "azure", node, { path: "nodes.type", wayOut });
}

/** AKS writes these names into labels of the nodes: https://learn.microsoft.com/azure/aks/azure-cni-overlay#limitations-with-azure-cni-overlay */
const longestNetworkName = 63;

function networkNameProblems({ region: { resourceGroup, network }, names }: AzureClusterPlan): Problem[] {
  const problem = (path: string, what: string, name: string) =>
    problemIf(
      name.length > longestNetworkName,
      path,
      `${what} has a name of ${name.length} characters, and AKS takes ${longestNetworkName} for the nodes' network: ${name}`,
    );
  if (!("subnet" in network))
    return problem("resourceGroup", "the resource group", resourceGroup ?? names.resourceGroup);
  const { group, name } = partsOf(network.vnet);
  return [
    ...problem("network.vnet", "the virtual network's resource group", group),
    ...problem("network.vnet", "the virtual network", name),
    ...problem("network.subnet", "the subnet", network.subnet),
  ];
}

function loadBalancerSubnetProblems(region: AzureClusterRegion): Problem[] {
  const { network } = region;
  if (!("subnet" in network) || network.loadBalancerSubnet === undefined) return [];
  const problem = (message: string) => [{ path: "network.loadBalancerSubnet", message }];
  if (!isPrivate(region))
    return problem(
      "is for a private endpoint: a public one has an address in no subnet. Leave it out, or set `endpoint.exposure: private`",
    );
  // Azure's names aren't case-sensitive, and Azure allows each role only once per subnet.
  const isNodes = network.loadBalancerSubnet.toLowerCase() === network.subnet.toLowerCase();
  return isNodes ? problem("is `subnet` already: leave it out") : [];
}
