/** The nodes that EKS Auto Mode creates for Pods, and the security group that they share. */
import type { Cloud, Request, Rules, Thing } from "../cloud.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import type { Pool } from "./node-pools.ts";
import { securityGroup } from "./security-group.ts";
import { checkTags } from "./tags.ts";

const nodeType = "node";
const subnet = "aws:ec2/subnet:Subnet";

export const nodes: Readonly<Record<string, Rules>> = {
  [nodeType]: {
    references: [
      { at: "subnet", to: subnet },
      { at: "group", to: securityGroup },
    ],
    create: ({ cloud }) => ({ id: `i-${cloud.digits(17)}` }),
  },

  /** A single tag of a resource that the stack didn't create; here, only of a security group. */
  "aws:ec2/tag:Tag": {
    replacing: ["resourceId", "key"],
    references: [{ at: "resourceId", to: securityGroup, onDelete: "delete" }],
    check: (inputs) => checkTags("aws:ec2/tag:Tag", { [text("key", inputs)]: inputs.value }),
    create({ cloud, scope, inputs }) {
      const group = cloud.find(securityGroup, text("resourceId", inputs), scope);
      const tagsAll = { ...(group?.outputs.tagsAll as Inputs), [text("key", inputs)]: inputs.value };
      if (group) cloud.keep({ ...group, outputs: { ...group.outputs, tagsAll } });
      return { id: `${inputs.resourceId},${inputs.key}` };
    },
  },
};

/** How often EC2 still lists a node after its last Pod has ended, until the node is drained and terminated. */
const looksAfterLastPod = 2;

/** https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html @returns the group's id */
export function createClusterGroup({ cloud, scope }: Request, cluster: string, vpcId: unknown): string {
  const id = `sg-${cloud.digits(17)}`;
  const name = `eks-cluster-sg-${cluster}-${cloud.digits(10)}`;
  const tags = { Name: name, "aws:eks:cluster-name": cluster, [`kubernetes.io/cluster/${cluster}`]: "owned" };
  cloud.keep({ id, type: securityGroup, name, scope, inputs: { name, vpcId, tags }, outputs: {} });
  return id;
}

/**
 * Deletes the cluster's nodes and then their group. EKS leaves the group behind if there is, or just was, something in it.
 * https://github.com/aws/aws-k8s-tester/pull/541, https://github.com/aws/aws-k8s-tester/pull/416
 */
export function deleteWithCluster({ id, scope, outputs }: Thing, cloud: Cloud): void {
  const left = nodesOf(cloud, id);
  for (const node of left) cloud.remove(node);
  const group = cloud.find(securityGroup, text("vpcConfig.clusterSecurityGroupId", outputs), scope);
  if (group && left.length === 0 && !isUsed(cloud, group.id)) cloud.remove(group);
}

function isUsed(cloud: Cloud, group: string): boolean {
  return cloud
    .things("aws:ec2/networkInterface:NetworkInterface")
    .some(({ inputs }) => valuesAt("securityGroups[*]", inputs).includes(group));
}

function nodesOf(cloud: Cloud, cluster: string): Thing[] {
  return cloud.things(nodeType).filter(({ inputs }) => inputs.cluster === cluster);
}

/** Starts Pods. One node of a pool has space for all of them. @param pool @default one of EKS's own */
export function startPods(cloud: Cloud, cluster: Thing, pods: string, pool?: Pool): void {
  const node = nodesOf(cloud, cluster.id).find((it) => it.inputs.pool === pool?.name);
  const inputs = node?.inputs ?? {
    cluster: cluster.id,
    instanceType: "c6g.large",
    pool: pool?.name,
    subnet: valueAt("vpcConfig.subnetIds[0]", cluster.inputs),
    group: valueAt("vpcConfig.clusterSecurityGroupId", cluster.outputs),
  };
  const { scope } = cluster;
  const id = node?.id ?? `i-${cloud.digits(17)}`;
  const all = [...new Set([...podsOn(inputs), pods])];
  const changed = { ...inputs, pods: all, looks: looksAfterLastPod };
  cloud.keep({
    id,
    type: nodeType,
    name: "node",
    scope,
    inputs: changed,
    outputs: { tagsAll: pool?.tags ?? {} },
  });
}

export function endPods(cloud: Cloud, cluster: string, pods: string): void {
  for (const node of nodesOf(cloud, cluster)) {
    const left = podsOn(node.inputs).filter((it) => it !== pods);
    cloud.keep({ ...node, inputs: { ...node.inputs, pods: left } });
  }
}

function podsOn({ pods = [] }: Inputs): string[] {
  return pods as string[];
}

/** The nodes in some groups, as EC2 lists them now. After a few calls, a node without Pods disappears. @param groups @default all */
export function lookAtNodes(cloud: Cloud, scope: string, groups?: readonly string[]): Thing[] {
  const found = cloud
    .things(nodeType)
    .filter((it) => it.scope === scope && (groups?.includes(text("group", it.inputs)) ?? true));
  for (const node of found.filter(({ inputs }) => podsOn(inputs).length === 0)) {
    const looks = Number(node.inputs.looks) - 1;
    if (looks > 0) cloud.keep({ ...node, inputs: { ...node.inputs, looks } });
    else cloud.remove(node);
  }
  return found;
}
