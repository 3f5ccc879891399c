/** The nodes that EKS Auto Mode brings for Pods, and the security group that they share. */
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

  /** One tag of something that the stack hasn't made; here, of a security group alone. */
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

/** How often EC2 still shows a node when its last Pod is gone: until it was found empty, drained and terminated. */
const looksAfterLastPod = 2;

/** https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html @returns its id */
export function createClusterGroup({ cloud, scope }: Request, cluster: string, vpcId: unknown): string {
  const id = `sg-${cloud.digits(17)}`;
  const name = `eks-cluster-sg-${cluster}-${cloud.digits(10)}`;
  const tags = { Name: name, "aws:eks:cluster-name": cluster, [`kubernetes.io/cluster/${cluster}`]: "owned" };
  cloud.keep({ id, type: securityGroup, name, scope, inputs: { name, vpcId, tags }, outputs: {} });
  return id;
}

/**
 * EKS deletes what nodes there are, and then the group, unless something is, or just was, in it: then it leaves the group behind.
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

/** There is room for all on one node of a pool. @param pool @default one that EKS brings */
export function startPods(cloud: Cloud, cluster: Thing, pods: string, pool?: Pool): void {
  const node = nodesOf(cloud, cluster.id).find((it) => it.inputs.pool === pool?.name);
  const inputs = node?.inputs ?? {
    cluster: cluster.id,
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

/** The nodes in a group, as EC2 shows them now. Each look may be the last at one without Pods. */
export function lookAtNodes(cloud: Cloud, scope: string, group: string): Thing[] {
  const found = cloud.things(nodeType).filter((it) => it.scope === scope && it.inputs.group === group);
  for (const node of found.filter(({ inputs }) => podsOn(inputs).length === 0)) {
    const looks = Number(node.inputs.looks) - 1;
    if (looks > 0) cloud.keep({ ...node, inputs: { ...node.inputs, looks } });
    else cloud.remove(node);
  }
  return found;
}
