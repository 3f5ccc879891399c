import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Tag } from "@pulumi/aws/ec2/tag.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster } from "@pulumi/aws/eks/cluster.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import type * as pulumi from "@pulumi/pulumi";
import { isTagged, stackTags } from "../../naming.ts";
import { apiEndpoint } from "./api-access.ts";
import type { ClusterArgs } from "./findings.ts";
import type { Network } from "./network.ts";
import { schedulingOf } from "./node-pool.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { createRoles } from "./roles.ts";
import { ClusterNodes, ClusterSecurityGroup } from "./teardown.ts";

const logDays = 30;

/**
 * An EKS cluster in Auto Mode: EKS adds nodes when Pods need them, with all required add-ons, and replaces them. A later version upgrades the cluster in place; then
 * EKS replaces the nodes one by one.
 * @returns the cluster, and its nodes. Everything that runs in the cluster must depend on the nodes.
 */
export function createCluster(
  { plan, found: { kmsKeyArn: keyArn } }: ClusterArgs,
  network: Network,
  options: pulumi.CustomResourceOptions,
): { readonly cluster: Cluster; readonly nodes: ClusterNodes } {
  const { names, region } = plan;
  const { name } = region;
  const roles = createRoles(plan, keyArn, options);
  const logs = new LogGroup(
    name,
    // EKS writes its logs into the group with this name. If the group is missing, EKS creates one without an end of retention.
    { name: names.logGroup, retentionInDays: logDays, tags: names.tags("logs") },
    options,
  );
  const securityGroup = new ClusterSecurityGroup(
    name,
    { region: name, clusterName: names.cluster },
    { ...options, dependsOn: [...network.route] },
  );
  const cluster = new Cluster(
    name,
    {
      name: names.cluster,
      version: region.version,
      roleArn: roles.cluster,
      // In Auto Mode, nodes have these add-ons built in.
      bootstrapSelfManagedAddons: false,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
      computeConfig: { enabled: true, nodePools: ["system"], nodeRoleArn: roles.nodes },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      storageConfig: { blockStorage: { enabled: true } },
      // Extended support costs six times as much.
      upgradePolicy: { supportType: "STANDARD" },
      vpcConfig: {
        subnetIds: [...network.nodeSubnets],
        ...apiEndpoint(region),
      },
      ...(keyArn !== undefined && { encryptionConfig: { resources: ["secrets"], provider: { keyArn } } }),
      enabledClusterLogTypes: ["audit", "authenticator"],
      tags: names.tags(),
    },
    { ...options, dependsOn: [...roles.rights, ...network.route, logs, securityGroup] },
  );
  const { clusterSecurityGroupId: securityGroupId } = cluster.vpcConfig;
  const nodes = new ClusterNodes(name, { region: name, clusterName: cluster.name, securityGroupId }, options);
  tagSecurityGroup(plan, securityGroupId, { ...options, deletedWith: cluster });
  return { cluster, nodes };
}

/** Tags the cluster's security group. EKS creates the group, and has no setting for its tags. */
function tagSecurityGroup(
  plan: AwsClusterPlan,
  resourceId: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  if (!isTagged(plan)) return;
  for (const [key, value] of Object.entries(stackTags(plan.stack, plan.governance?.tags))) {
    new Tag(`${plan.region.name}-cluster-group-${key}`, { resourceId, key, value }, options);
  }
}

/**
 * Installs the metrics server if the replicas have an autoscaler, which reads CPU use from it: https://docs.aws.amazon.com/eks/latest/userguide/metrics-server.html
 * @param options must depend on the nodes
 */
export function createMetricsServer(
  plan: AwsClusterPlan,
  cluster: Cluster,
  options: pulumi.CustomResourceOptions,
): void {
  const { names, region } = plan;
  if (region.replicas.max === undefined) return;
  new Addon(
    `${region.name}-metrics-server`,
    {
      clusterName: cluster.name,
      addonName: "metrics-server",
      configurationValues: JSON.stringify({ replicas: 1, ...schedulingOf(plan) }),
      tags: names.tags("metrics-server"),
    },
    options,
  );
}

/**
 * Makes Auto Mode enforce NetworkPolicies, which it doesn't do by default: https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html
 * @param options with a provider of the cluster
 */
export function enforceNetworkPolicies(name: string, options: pulumi.CustomResourceOptions): pulumi.Resource {
  return new ConfigMap(
    `${name}-network-policies`,
    {
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    },
    options,
  );
}
