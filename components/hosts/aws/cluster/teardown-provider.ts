import { setTimeout as sleep } from "node:timers/promises";
import { DeleteSecurityGroupCommand, EC2Client, paginateDescribeSecurityGroups } from "@aws-sdk/client-ec2";
import type * as pulumi from "@pulumi/pulumi";
import { instancesIn, sdkSettings } from "../sdk.ts";

export interface ClusterSecurityGroupInputs {
  /** An AWS region's code. */
  readonly region: string;
  readonly clusterName: string;
}

export interface ClusterNodesInputs extends ClusterSecurityGroupInputs {
  /** Id of the security group that contains all nodes. */
  readonly securityGroupId: string;
}

/** Creates nothing: EKS creates the nodes and the security group. */
export async function create(inputs: ClusterSecurityGroupInputs): Promise<pulumi.dynamic.CreateResult> {
  return { id: inputs.clusterName, outs: inputs };
}

/** Another cluster has other nodes and another security group. */
export async function diff(
  olds: Partial<ClusterNodesInputs>,
  news: Partial<ClusterNodesInputs>,
): Promise<pulumi.dynamic.DiffResult> {
  const names = ["region", "clusterName", "securityGroupId"] as const;
  const replaces = names.filter((name) => olds[name] !== news[name]);
  return { changes: replaces.length > 0, replaces: [...replaces] };
}

/** @throws Error if a node still exists after {@link maxMinutes}, because something else runs in the cluster */
export async function waitForNodes({ region, clusterName, securityGroupId }: ClusterNodesInputs) {
  await waitUntilNone(
    region,
    (client) => nodesIn(client, securityGroupId),
    (ids) =>
      `the cluster ${clusterName} still has the nodes ${ids}, ${maxMinutes} minutes after the cache was deleted from it: delete what else runs there (kubectl get pods --all-namespaces), then run the command again`,
  );
}

/** @throws Error if something is still in the security group after {@link maxMinutes} */
export async function deleteSecurityGroup({ region, clusterName }: ClusterSecurityGroupInputs) {
  await waitUntilNone(
    region,
    (client) => undeletedGroupsOf(client, clusterName),
    (ids) =>
      `EKS has left the security group ${ids} of the cluster ${clusterName}, and something is still in it: delete the network interfaces (aws ec2 describe-network-interfaces --region ${region} --filters Name=group-id,Values=${ids[0]}), then run the command again`,
  );
}

/** EKS drains and terminates an empty node within minutes. */
const maxMinutes = 20;
const maxPauseSeconds = 15;

async function waitUntilNone(
  region: string,
  find: (client: EC2Client) => Promise<readonly string[]>,
  message: (found: readonly string[]) => string,
): Promise<void> {
  const client = new EC2Client(sdkSettings(region));
  const end = Date.now() + maxMinutes * 60_000;
  try {
    for (let pauseSeconds = 1; ; pauseSeconds = Math.min(2 * pauseSeconds, maxPauseSeconds)) {
      const found = await find(client);
      if (found.length === 0) return;
      if (Date.now() > end) throw new Error(message(found));
      await sleep(pauseSeconds * 1000);
    }
  } finally {
    client.destroy();
  }
}

async function nodesIn(client: EC2Client, securityGroupId: string): Promise<string[]> {
  const instances = await instancesIn(client, [
    { Name: "instance.group-id", Values: [securityGroupId] },
    { Name: "instance-state-name", Values: ["pending", "running", "shutting-down", "stopping", "stopped"] },
  ]);
  return instances.flatMap(({ InstanceId = [] }) => InstanceId);
}

/** Deletes the groups that aren't in use. @returns ids of the groups that are */
async function undeletedGroupsOf(client: EC2Client, clusterName: string): Promise<string[]> {
  // Only EKS can set this tag: https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
  const Filters = [{ Name: "tag:aws:eks:cluster-name", Values: [clusterName] }];
  const inUse: string[] = [];
  for await (const { SecurityGroups = [] } of paginateDescribeSecurityGroups({ client }, { Filters })) {
    for (const { GroupId = "" } of SecurityGroups) {
      try {
        await client.send(new DeleteSecurityGroupCommand({ GroupId }));
      } catch (error) {
        const { name } = error as Error;
        if (name === "DependencyViolation") inUse.push(GroupId);
        else if (name !== "InvalidGroup.NotFound") throw error;
      }
    }
  }
  return inUse;
}
