import { getAgentPool } from "@pulumi/azure-native/containerservice/getAgentPool.js";
import ipaddr from "ipaddr.js";
import { isForAks } from "../../../capacity/cluster-nodes.ts";
import { architectureOf } from "../../../capacity/machine.ts";
import { candidates, machineNamed } from "../../../capacity/machines.ts";
import { contains } from "../../../config/access.ts";
import { ipv4Ranges } from "../../address-family.ts";
import type { HostArgs } from "../../kind.ts";
import { previousResource } from "../../previous-outputs.ts";
import { isMissing } from "../arm.ts";
import { findStorageAccountName, findStoreSku } from "../blob-store.ts";
import { isPrivate } from "../endpoint.ts";
import { type FoundSubnet, findSubnet } from "../found-subnet.ts";
import { checkEncryptionAtHost, checkGovernance } from "../governance.ts";
import type { InPlace } from "../place.ts";
import { findResourceGroup, type Question } from "../question.ts";
import type { StoreSku } from "../regions.ts";
import { findSize, memoryGiBOf, vCpusOf } from "../sizes.ts";
import { existingSubnet } from "../subnet.ts";
import { type FoundNetwork, findNetwork } from "../zones.ts";
import { nodeCount, podRange, poolName, serviceRange, zonesOfNodes } from "./nodes.ts";
import { type AzureClusterPlan, judgeNode } from "./plan.ts";
import {
  checkReplaced,
  findOutboundType,
  type OutboundType,
  ownOutboundType,
  type PreviousCluster,
} from "./previous.ts";

export const clusterType = "azure-native:containerservice:ManagedCluster";

/** What isn't known without asking Azure. (Other resources have ids that follow from their names.) */
export interface FoundCluster extends FoundNetwork {
  /** Name for the storage account. */
  readonly storageAccount: string;
  /** The redundancy of a new storage account. @default that of the region's topology */
  readonly storeSku?: StoreSku | undefined;
  /** Number of the cluster's nodes. Undefined if there is no cluster yet. */
  readonly liveNodes: number | undefined;
  /** Set for nodes in an existing subnet. */
  readonly outboundType?: OutboundType | undefined;
}

export type ClusterArgs = HostArgs<AzureClusterPlan, FoundCluster>;

export type PlacedCluster = ClusterArgs & InPlace<AzureClusterPlan>;

/** Asks Azure whether everything that a region's cluster needs exists. */
export async function findCluster(question: Question<AzureClusterPlan>): Promise<FoundCluster | undefined> {
  const { region } = question;
  const previous = await previousResource<PreviousCluster>(clusterType, region.name);
  const liveNodes = await findLiveNodes(question, previous);
  const network = await findNetwork(question, findNodeSubnet(question, liveNodes));
  const { subnet } = network;
  const outboundType = subnet && findOutboundType(question, subnet, previous);
  // An existing subnet that can't be found is a problem by itself.
  const had = existingSubnet(region) === undefined ? undefined : previous?.networkProfile?.outboundType;
  const stays = await checkReplaced(question, previous, outboundType ?? had ?? ownOutboundType(region));
  const [storageAccount, storeSku] = await Promise.all([
    findStorageAccountName(question),
    findStoreSku(question),
    findNodeSize(question, { previous, liveNodes, stays }),
    findResourceGroup(question),
    checkGovernance(question),
    stays ? undefined : checkEncryptionAtHost(question),
  ]);
  if (storageAccount === undefined) return undefined;
  return { ...network, storageAccount, storeSku, liveNodes, ...(outboundType && { outboundType }) };
}

/** The autoscaler changes the number of nodes, and an update must contain the present number: see countFor(). Warns if AKS is working on the nodes. */
async function findLiveNodes(
  { plan: { names }, region: { resourceGroup }, lookUp, options }: Question<AzureClusterPlan>,
  { name: cluster }: Partial<PreviousCluster> = {},
): Promise<number | undefined> {
  if (cluster === undefined) return undefined;
  const pool = getAgentPool(
    {
      resourceGroupName: resourceGroup ?? names.resourceGroup,
      resourceName: cluster,
      agentPoolName: poolName,
    },
    options,
  ).catch((error: Error) => {
    // Somebody deleted the pool.
    if (isMissing(error)) return undefined;
    throw error;
  });
  const { count, provisioningState = "" } =
    (await lookUp.ask("replicas", `the node pool of ${cluster}`, pool)) ?? {};
  if (/ing/.test(provisioningState))
    lookUp.warn(
      "replicas",
      `the state of the node pool of ${cluster} is ${provisioningState}. Until AKS is done, it refuses changes of the cluster: if \`pulumi up\` fails with OperationNotAllowed, run it again later`,
    );
  return count;
}

interface LiveCluster {
  readonly previous: Partial<PreviousCluster> | undefined;
  readonly liveNodes: number | undefined;
  /** Whether this update leaves the cluster alone. Another one is created after this one is deleted. */
  readonly stays: boolean;
}

/** Checks that the nodes' size is available, and that each node has room for a replica. */
async function findNodeSize(
  question: Question<AzureClusterPlan>,
  { previous, liveNodes, stays }: LiveCluster,
): Promise<void> {
  const [pool] = previous?.agentPoolProfiles ?? [];
  const { plan, region, lookUp } = question;
  const { type } = region.nodes;
  const sku = await findSize(question, {
    path: "nodes.type",
    zonesPath: "nodes.zones",
    writtenZones: (zones) => `nodes: { zones: ${JSON.stringify(zones)} }`,
    type,
    zones: zonesOfNodes(region),
    ...nodeCount(region),
    surge: nodesDuringUpgrade,
    existing:
      pool?.vmSize === undefined || liveNodes === undefined
        ? undefined
        : {
            type: pool.vmSize,
            zones: pool.availabilityZones ?? [],
            count: liveNodes,
            ...(stays && { stay: nodesStay }),
          },
    instead: (isOffered) =>
      candidates("azure", architectureOf("azure", type))
        .filter((machine) => isForAks(machine) && isOffered(machine.type))
        .map((machine) => machine.type),
  });
  if (!sku) return;
  const vCpu = vCpusOf(sku);
  if (vCpu === undefined) return;
  if (!isForAks({ type, vCpu }))
    lookUp.refuse(
      "nodes.type",
      `${type} isn't for AKS: it takes sizes with at least four vCPUs, and none of series B`,
    );
  if (machineNamed("azure", type)) return;
  const { problems, warnings } = judgeNode(plan, { type, vCpu, memoryGiB: memoryGiBOf(sku) });
  for (const { path, message } of problems) lookUp.refuse(path, message);
  for (const { path, message } of warnings) lookUp.warn(path, message);
}

/** The pool is part of the cluster, and Azure can't change the pool's size or zones. */
function nodesStay(where: string): string {
  return `the existing nodes stay. AKS may not be able to add or replace nodes${where}. Another size or other zones need another cluster`;
}

/** Checks that the subnet has room for the nodes, and that the network's ranges don't overlap those of Pods and Services. */
async function findNodeSubnet(
  question: Question<AzureClusterPlan>,
  liveNodes: number | undefined,
): Promise<FoundSubnet | undefined> {
  const found = await findSubnet(question);
  if (!found) return undefined;
  const { region, lookUp } = question;
  for (const own of [podRange, serviceRange]) {
    const taken = found.networkRanges.find((range) => overlap(range, own));
    if (taken !== undefined) {
      lookUp.refuse(
        "network.vnet",
        `has ${taken}, which overlaps ${own}, a range of the cluster's own network: name another network`,
      );
    }
  }
  const free = usableAddresses(found.ranges);
  const needed = nodeCount(region).max + nodesDuringUpgrade;
  if (free < needed) {
    lookUp.refuse(
      "network.subnet",
      `has room for ${free} nodes, and up to ${needed} are needed: name a larger subnet`,
    );
  }
  // Warns until the cluster exists, because the addresses behind a firewall can't be looked up.
  const isElsewhere = found.wayOut === "route" || (found.wayOut === "learned" && isPrivate(region));
  if (isElsewhere && liveNodes === undefined)
    lookUp.warn(
      "apiAccess",
      "must have the public addresses by which the subnet's firewall or gateway sends the nodes' traffic, which reaches the cluster's API by the internet",
    );
  return found;
}

/** AKS creates a new node before it removes an old one. */
const nodesDuringUpgrade = 1;

/** Azure reserves five addresses of each subnet: https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq#are-there-any-restrictions-on-using-ip-addresses-within-these-subnets */
const keptAddresses = 5;

function usableAddresses(ranges: readonly string[]): number {
  const sizes = ipv4Ranges(ranges).map((range) => 2 ** (32 - ipaddr.parseCIDR(range)[1]));
  return Math.max(0, sizes.reduce((sum, size) => sum + size, 0) - keptAddresses);
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [ipaddr.parseCIDR(one), ipaddr.parseCIDR(other)];
  return contains(a, b) || contains(b, a);
}
