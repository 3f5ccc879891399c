import { getLogGroup } from "@pulumi/aws/cloudwatch/getLogGroup.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { getClusters } from "@pulumi/aws/eks/getClusters.js";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones.js";
import { getHostedZoneId } from "@pulumi/aws/lb/getHostedZoneId.js";
import { ipv4Ranges } from "../../address-family.ts";
import type { HostArgs } from "../../kind.ts";
import { tooManyRanges } from "../../kubernetes-cluster/plan.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { isAdopting, type LookUp } from "../../look-up.ts";
import { previousResource } from "../../previous-outputs.ts";
import type { Question } from "../account.ts";
import { checkBoundary } from "../boundary.ts";
import { findBucketName } from "../bucket.ts";
import { type FoundZones, findZones as findHostedZones } from "../hosted-zones.ts";
import { checkClusterKey, findKmsKey } from "../kms-key.ts";
import { findQuotas, moreQuota } from "../quotas.ts";
import { checkPublicRoute, checkWayOut } from "../routes.ts";
import { defaultQuotas } from "../source-rules.ts";
import { checkNodeTypes } from "./node-types.ts";
import { type AwsClusterPlan, clusterType } from "./plan.ts";
import { clusterNeeds } from "./policies.ts";

/** The existing AWS resources that a region's configuration names. */
export interface FoundCluster extends FoundZones {
  readonly accountId: string;
  /** The availability zones of the nodes, sorted. */
  readonly zones: readonly string[];
  /** CIDR ranges of the load balancer's subnets, if the configuration names subnets. */
  readonly loadBalancerRanges: readonly string[];
  /** Id of the hosted zone that contains the names of AWS's load balancers. Set if there is a {@link FoundZones.hostedZone}. */
  readonly loadBalancerZoneId?: string | undefined;
  /** Name for the bucket. */
  readonly bucket: string;
  /** ARN of the key, if the configuration names one. */
  readonly kmsKeyArn?: string | undefined;
}

export type ClusterArgs = HostArgs<AwsClusterPlan, FoundCluster>;

/** Asks AWS whether everything that a region needs exists. */
export async function findCluster(question: Question<AwsClusterPlan>): Promise<FoundCluster | undefined> {
  const { plan, accountId } = question;
  const kmsKeyArn = await findKmsKey(question);
  const place = findPlace(question);
  const [{ zones, loadBalancerRanges }, hostedZones, loadBalancerZoneId, bucket] = await Promise.all([
    place,
    findHostedZones(question),
    findLoadBalancerZone(question),
    findBucketName(question),
    place.then((found) => checkNodeTypes(question, found.zones)),
    checkName(question),
    checkLogGroup(question),
    checkClients(question),
    checkBoundary(question, clusterNeeds(plan)),
    checkClusterKey(question, kmsKeyArn),
  ]);
  if (bucket === undefined) return undefined;
  const found = { accountId, zones, loadBalancerRanges, ...hostedZones, loadBalancerZoneId, bucket };
  return { ...found, ...(kmsKeyArn !== undefined && { kmsKeyArn }) };
}

/** Zone ids, which are the same in all accounts: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets */
const zonesWithoutClusters = ["use1-az3", "usw1-az2", "cac1-az3"];
const mostZones = 3;

type Place = Pick<FoundCluster, "zones" | "loadBalancerRanges">;

async function findPlace(question: Question): Promise<Place> {
  const { network } = question.region;
  if ("nodeSubnets" in network) return findExistingPlace(question, network);
  return { zones: await findZones(question), loadBalancerRanges: [] };
}

/** Two or three zones for a network that the stack creates. */
async function findZones({ region, lookUp, options }: Question): Promise<readonly string[]> {
  // Excludes Local Zones, which accounts must opt in to.
  const filters = [{ name: "opt-in-status", values: ["opt-in-not-required"] }];
  const request = { state: "available", filters, excludeZoneIds: zonesWithoutClusters };
  const zones = getAvailabilityZones(request, options);
  const answer = await lookUp.ask("name", `${region.name}'s availability zones`, zones);
  if (!answer) return [];
  const found = answer.names.toSorted().slice(0, mostZones);
  if (found.length < 2) {
    lookUp.refuse(
      "name",
      `${region.name} has too few availability zones for a cluster: ${found.join(", ")}. A cluster needs two: use \`topology: vm\`, or another region`,
    );
  }
  return found;
}

async function findLoadBalancerZone({ region, lookUp, options }: Question): Promise<string | undefined> {
  if (region.endpoint.zone === undefined) return undefined;
  const zone = getHostedZoneId({ loadBalancerType: "network", region: region.name }, options);
  return (await lookUp.ask("endpoint.zone", "the zone of AWS's load balancers", zone))?.id;
}

/** The load balancer's controller creates one security group for all ranges. */
async function checkClients({ region: { access }, lookUp, options }: Question): Promise<void> {
  const count = ipv4Ranges(access.clients).length;
  if (count <= defaultQuotas.rulesPerGroup) return;
  const quotas = await findQuotas(options);
  if (count <= quotas.rulesPerGroup) return;
  const tooMany = tooManyRanges(count, services.aws.clientRangesIn, quotas.rulesPerGroup);
  lookUp.refuse("access.clients", `${tooMany}, ${moreQuota(quotas)}`);
}

/** Checks that no other stack or person has created a cluster with this name. */
async function checkName({ plan: { names }, region, lookUp, options }: Question): Promise<void> {
  if (await previousResource(clusterType, region.name)) return;
  const { cluster } = names;
  const answer = await lookUp.ask("topology", "the account's clusters", getClusters({}, options));
  if (isAdopting || !answer?.names.includes(cluster)) return;
  lookUp.refuse(
    "topology",
    `an EKS cluster ${cluster} already exists and isn't this stack's: delete it if nothing uses it. If the stack's state is lost: docs/day-2.md#the-state-is-lost`,
  );
}

/** Checks that the log group is free. After a destroyed cluster of this stack, EKS may have written logs once more and so recreated the group. */
async function checkLogGroup({ plan: { names }, region, lookUp, options }: Question): Promise<void> {
  const { logGroup } = names;
  if (await previousResource("aws:cloudwatch/logGroup:LogGroup", region.name)) return;
  const answer = getLogGroup({ name: logGroup }, options);
  await lookUp.askForNothing("topology", `the log group ${logGroup}`, answer, {
    isMissing: ({ message }) => /couldn't find resource|empty result/.test(message),
    unknown: "may be there already",
    wayOut: `if it is left from a cluster that was destroyed, \`aws logs delete-log-group --region ${region.name} --log-group-name ${logGroup}\``,
  });
}

interface FoundSubnet {
  readonly path: string;
  readonly id: string;
  readonly zone: string;
  readonly range: string;
}

type ExistingNetwork = Extract<AwsClusterPlan["region"]["network"], { nodeSubnets: unknown }>;

/** Checks that the load balancer's subnets match those of the nodes. */
async function findExistingPlace(question: Question, network: ExistingNetwork): Promise<Place> {
  const [nodes, loadBalancer] = await Promise.all([
    findSubnets(question, "nodeSubnets", network.vpc, network.nodeSubnets),
    findSubnets(question, "loadBalancerSubnets", network.vpc, network.loadBalancerSubnets),
  ]);
  checkZones(question.lookUp, nodes, loadBalancer);
  return { zones: zonesOf(nodes), loadBalancerRanges: loadBalancer.map(({ range }) => range) };
}

function zonesOf(subnets: readonly FoundSubnet[]): string[] {
  return [...new Set(subnets.map(({ zone }) => zone))].sort();
}

function checkZones(
  lookUp: LookUp,
  nodes: readonly FoundSubnet[],
  loadBalancer: readonly FoundSubnet[],
): void {
  if (zonesOf(nodes).length === 1) {
    lookUp.refuse(
      "network.nodeSubnets",
      `all are in ${zonesOf(nodes)}, and a cluster has two availability zones at least: add a subnet in another zone`,
    );
  }
  for (const { path, id, zone } of nodes) {
    if (loadBalancer.length === 0 || loadBalancer.some((it) => it.zone === zone)) continue;
    const message = `${id} is in ${zone}, where the load balancer has no subnet, only in ${zonesOf(loadBalancer).join(", ")}: add one to \`network.loadBalancerSubnets\``;
    lookUp.refuse(path, message);
  }
  for (const [index, { path, id, zone }] of loadBalancer.entries()) {
    const first = loadBalancer.slice(0, index).find((it) => it.zone === zone);
    if (!first) continue;
    lookUp.refuse(
      path,
      `${id} is in ${zone}, like ${first.id}, and a load balancer has one subnet in each zone: name only one of the two`,
    );
  }
}

/** The subnets that exist and are in the VPC. */
async function findSubnets(
  question: Question,
  list: "nodeSubnets" | "loadBalancerSubnets",
  vpc: string,
  ids: readonly string[],
): Promise<FoundSubnet[]> {
  const { region, lookUp, options } = question;
  const found = await Promise.all(
    ids.map(async (id, index) => {
      const path = `network.${list}[${index}]`;
      const subnet = await lookUp.ask(path, id, getSubnet({ id }, options));
      if (!subnet) return [];
      if (subnet.vpcId !== vpc) {
        lookUp.refuse(path, `${id} is in ${subnet.vpcId}, not in ${vpc}`);
        return [];
      }
      if (list === "nodeSubnets" && zonesWithoutClusters.includes(subnet.availabilityZoneId)) {
        lookUp.refuse(
          path,
          `${id} is in ${subnet.availabilityZoneId}, where EKS creates no clusters: name a subnet in another zone`,
        );
      }
      const isPublic = region.endpoint.exposure === "public";
      if (list === "loadBalancerSubnets" && isPublic) {
        await checkPublicRoute(question, { id, vpcId: vpc, path });
      }
      // Otherwise, the nodes have public addresses and need no other way out.
      if (list === "nodeSubnets" && !(isPublic && subnet.mapPublicIpOnLaunch))
        await checkWayOut(question, { id, vpcId: vpc, path }, isPublic);
      return [{ path, id, zone: subnet.availabilityZone, range: subnet.cidrBlock }];
    }),
  );
  return found.flat();
}
