import { deliveryOf } from "../capacity/demand.ts";
import { cloudOf } from "../capacity/machine.ts";
import type { CapacityPlan } from "../capacity/plan.ts";
import { variantOf } from "../capacity/plan-region.ts";
import { number, quantity, texts } from "../capacity/text.ts";
import type { Governance } from "../config/schema.ts";
import type { BilledRegion, Setting } from "./charge.ts";
import type { NotPriced } from "./line.ts";
import { assumedRegistryRegion, isAcr, operatorOf, unknownOperators } from "./upstream-transfer.ts";
import { contentOf } from "./variant.ts";

/** The assumptions of the estimate, one sentence each. */
export function assumptionsOf(setting: Setting): string[] {
  const { cloud, workload, upstreams, region, usage, measured } = setting;
  const { nodes, nodeChurnPerMonth, pullsPerNodeGiB, workingSetGiB } = workload;
  const [pulled, filled] = [quantity(usage.pulledGiB, "GiB"), quantity(usage.filledGiB, "GiB")];
  return texts(
    "List prices before taxes, discounts and free allowances; a month has 730 hours.",
    measured.pulledGiB === undefined
      ? `${number(nodes)} nodes are replaced ${number(nodeChurnPerMonth)} times a month and pull ${quantity(pullsPerNodeGiB, "GiB")} each time: ${pulled}.`
      : `The nodes pull ${pulled} a month, as measured.`,
    measured.filledGiB === undefined
      ? `${filled} a month come new from the upstreams; the first fill, ${quantity(workingSetGiB, "GiB")}, comes once on top.`
      : `${filled} a month come from the upstreams, as measured.`,
    cloud === "aws"
      ? `All nodes are in the region and reach the cache by its ${region.endpoint.exposure === "public" ? "public address" : "private address, from another zone or over VPC peering"}. AWS's GB is 2^30 bytes.`
      : "All nodes are in the region. Where Azure writes GB, 10^9 bytes are counted. What a machine's network carries is the upper limit that Azure documents and doesn't guarantee.",
    upstreams.some(isAcr) &&
      (cloud === "azure"
        ? "An Azure registry is in another region of the cache's continent; between continents, transfer has another price (docs/cost.md)."
        : `An Azure registry bills transfer as one in ${assumedRegistryRegion} does.`),
    upstreams.length > 1 && "All upstreams have an equal share of what is fetched.",
    ...upstreams
      .filter((upstream) => typeof operatorOf(upstream) === "object")
      .map(({ registry }) => `${registry} counts as ours: we pay for what it sends.`),
    ...upstreams
      .filter((upstream) => operatorOf(upstream) === "nobody")
      .map(({ registry }) => `${registry} bills nobody for downloads.`),
    ...bucketAssumptions(setting),
    region.topology === "cluster" && clusterAssumption(setting),
  );
}

/** Assumes the minimum number of replicas, because an autoscaler adds others for hours only. */
function clusterAssumption({ cloud, region }: Setting): string {
  const { replicas, machine } = variantOf(region);
  const nodeType =
    cloud === "aws"
      ? "for which Auto Mode chooses the least expensive machine of the families C, M and R that carries its share"
      : `which is ${machine.type} for all workloads`;
  return `There are always ${number(replicas)} replicas, each on a node of its own, ${nodeType}.`;
}

function bucketAssumptions(setting: Setting): string[] {
  const { storage } = setting.region;
  const content = contentOf(variantOf(setting.region), setting);
  if (storage.kind === "disk" || !content) return [];
  const { usedGiB, leftGiB, refetchedGiB } = content;
  const days = `${number(storage.expireDays)} days`;
  return texts(
    `The bucket holds the ${quantity(usedGiB, "GiB")} in use, and ${quantity(leftGiB, "GiB")} that no longer are, until they are ${days} old.`,
    setting.measured.filledGiB === undefined &&
      `What is in use when it is ${days} old is fetched again: ${quantity(refetchedGiB, "GiB")} a month.`,
  );
}

/** Things that cost something, or may, but have no line in the estimate. */
export function withoutLine(setting: Setting, { machine: { type } }: CapacityPlan): NotPriced[] {
  const { region, upstreams } = setting;
  const { endpoint, topology } = region;
  const isAws = setting.cloud === "aws";
  const hasCredentials = upstreams.some(({ credentials }) => credentials !== undefined);
  const reasons = {
    "CPU credits":
      isAws &&
      /^t\d/.test(type) &&
      `${type} may use more than its share of a processor, and is billed for it then; the plan doesn't count on it.`,
    "The bucket of the Pod":
      isAws &&
      topology === "vm" &&
      "Small files in S3, for which the machine asks every 30 seconds: about four cents.",
    "Logs of the cluster's audits":
      isAws &&
      topology === "cluster" &&
      "CloudWatch takes a price for each GB that it receives; how much that is, isn't known beforehand.",
    "Key Vault operations": !isAws && hasCredentials && "A few each month; no price was found.",
    "DNS queries": !isAws && endpoint.zone !== undefined && "No price was found; less than a cent on AWS.",
    "Your own network's ways": ownNetworksWays(region),
    "VPC endpoints of the customers":
      isAws &&
      endpoint.privateLink !== undefined &&
      "AWS bills each to its own account, by the hour, by the availability zone and by the GB.",
    "Private endpoints of the customers":
      !isAws &&
      endpoint.privateLink !== undefined &&
      "Azure bills each to its own subscription, by the hour, and by the GB in each direction.",
    "NAT gateways of the customers": nodesWayOut(setting),
    "Metrics and alerts that are sent away": "They leave the region as ordinary transfer.",
    "Snapshots and backups": "None are made: everything can be fetched again.",
  };
  return [...unknownOperators(upstreams), ...applicable(reasons)];
}

/** What may charge for each GB in networks that aren't the stack's: https://azure.microsoft.com/pricing/details/virtual-network/ */
function ownNetworksWays(region: BilledRegion): string | false {
  const { endpoint, network, storage } = region;
  const isPrivate = endpoint.exposure === "private";
  if (cloudOf(region) === "aws") {
    return (
      (isPrivate || "nodeSubnets" in network) &&
      "A transit gateway, or a NAT gateway or firewall of an existing network, takes a price for each GB that passes. Which of them do, isn't known here."
    );
  }
  if (!isPrivate) return false;
  const peering =
    "Peering of virtual networks takes a price for each GB at both ends, and so does a gateway or firewall that it passes.";
  const toStore =
    "What an existing network exchanges with the storage account passes its NAT gateway or firewall, too, unless the subnet has the service endpoint `Microsoft.Storage`.";
  return "subnet" in network && storage.kind === "bucket" ? `${peering} ${toStore}` : peering;
}

/** The nodes' pulls that may pass a NAT gateway, if that is unknown or not counted. */
function nodesWayOut({ cloud, region: { endpoint, storage }, settings: { nodes } }: Setting): string | false {
  if (cloud === "aws" && nodes.natGateway !== "unknown") return false;
  if (endpoint.exposure === "public") return "What nodes without a public address pull passes one.";
  const isPastIt = deliveryOf(storage) !== "redirect" || (cloud === "aws" && nodes.s3Endpoint);
  return !isPastIt && "What nodes without a public address pull from the bucket passes one.";
}

/** Requirements of the account's owners that cost something but have no line. The price of KMS: https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html */
export function ofGovernance(governance: Governance = {}): NotPriced[] {
  const { kmsKey, diskEncryptionSet, storageKey, diagnostics } = governance;
  return applicable({
    "The KMS key, and requests to KMS":
      kmsKey !== undefined &&
      "The key is its owner's, who pays for it. KMS takes three cents for 10,000 requests, and S3 asks it once in a while, not for each object.",
    "Keys in Key Vault, and operations with them":
      (diskEncryptionSet !== undefined || storageKey !== undefined) &&
      "The keys are their owner's, who pays for them; no price was found.",
    "Audit logs in Log Analytics":
      diagnostics !== undefined &&
      "The workspace takes a price for each GB that it receives; how much that is, isn't known beforehand.",
  });
}

/** The entries with a reason. */
function applicable(reasons: Readonly<Record<string, string | false>>): NotPriced[] {
  return Object.entries(reasons).flatMap(([name, reason]) => (reason ? [{ name, reason }] : []));
}
