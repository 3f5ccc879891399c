import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Addon } from "@pulumi/aws/eks/addon.js";
import { Cluster } from "@pulumi/aws/eks/cluster.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../../config/schema.ts";
import type { Names } from "../naming.ts";
import { apiEndpoint } from "./api-access.ts";
import type { Network } from "./network.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { createRoles } from "./roles.ts";
import { ClusterNodes, ClusterSecurityGroup } from "./teardown.ts";

/**
 * Where Pods run: on the one kind of node that EKS Auto Mode brings for arm64, too. Nothing else is in the cluster that its taint would keep away.
 * https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html
 */
export const scheduling: KubernetesRegion["scheduling"] = {
  nodeSelector: { "kubernetes.io/arch": "arm64" },
  tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
};

const logDays = 30;

/**
 * An EKS cluster in Auto Mode: nodes come as Pods need them, with what they need, and are replaced by EKS. A later version is an upgrade in place, after which
 * EKS replaces the nodes one by one.
 * @returns the cluster, and the nodes, on which all that runs there is to depend.
 */
export function createCluster(
  name: string,
  { names, region }: AwsClusterPlan,
  network: Network,
  options: pulumi.CustomResourceOptions,
): { readonly cluster: Cluster; readonly nodes: ClusterNodes } {
  const roles = createRoles(name, { names, region: region.name }, options);
  const logs = new LogGroup(
    name,
    // EKS writes into the group of this name, and would make one that is kept for ever.
    { name: `/aws/eks/${names.cluster}/cluster`, retentionInDays: logDays, tags: names.tags("logs") },
    options,
  );
  const securityGroup = new ClusterSecurityGroup(
    name,
    { region: region.name, clusterName: names.cluster },
    { ...options, dependsOn: [...network.route] },
  );
  const cluster = new Cluster(
    name,
    {
      name: names.cluster,
      version: region.version,
      roleArn: roles.cluster,
      // Auto Mode has them in its nodes.
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
      enabledClusterLogTypes: ["audit", "authenticator"],
      tags: names.tags(),
    },
    { ...options, dependsOn: [...roles.rights, ...network.route, logs, securityGroup] },
  );
  const { clusterSecurityGroupId: securityGroupId } = cluster.vpcConfig;
  const nodes = new ClusterNodes(
    name,
    { region: region.name, clusterName: cluster.name, securityGroupId },
    options,
  );
  if (region.replicas.max !== undefined) {
    createMetricsServer(name, { names, cluster }, { ...options, dependsOn: [nodes] });
  }
  return { cluster, nodes };
}

/** What an autoscaler reads the use of processors from: https://docs.aws.amazon.com/eks/latest/userguide/metrics-server.html */
function createMetricsServer(
  name: string,
  { names, cluster }: { readonly names: Names; readonly cluster: Cluster },
  options: pulumi.CustomResourceOptions,
): void {
  new Addon(
    `${name}-metrics-server`,
    {
      clusterName: cluster.name,
      addonName: "metrics-server",
      configurationValues: JSON.stringify({ replicas: 1, ...scheduling }),
      tags: names.tags("metrics-server"),
    },
    options,
  );
}
