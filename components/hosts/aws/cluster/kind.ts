import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { KindDefinition } from "../../kind.ts";
import { previousResource, topologyProblems } from "../../previous-outputs.ts";
import { accountProblems, lookUpIn } from "../account.ts";
import { awsProvider } from "../provider.ts";
import { ClusterHost } from "./cluster-host.ts";
import { type FoundCluster, findCluster } from "./findings.ts";
import { type AwsClusterPlan, clusterType } from "./plan.ts";
import { awsClusterFindings } from "./preflight.ts";

/** A region with an EKS cluster. */
export const awsCluster: KindDefinition<AwsClusterPlan, FoundCluster> = {
  async preflight(plan, today) {
    const { region } = plan;
    type Cluster = { readonly version: string; readonly vpcConfig: { readonly vpcId: string } };
    const cluster = await previousResource<Cluster>(clusterType, region.name);
    const hasOwnVpc = (await previousResource("aws:ec2/vpc:Vpc", region.name)) !== undefined;
    const endpointService = "aws:ec2/vpcEndpointService:VpcEndpointService";
    const { problems, warnings } = awsClusterFindings(region, {
      today,
      previousVersion: cluster?.version,
      previousVpc: cluster?.vpcConfig && (hasOwnVpc ? "create" : cluster.vpcConfig.vpcId),
      hasPrivateLink: (await previousResource(endpointService, region.name)) !== undefined,
      hasCli: (process.env.PATH ?? "")
        .split(delimiter)
        .some((directory) => existsSync(join(directory, "aws"))),
    });
    return {
      problems: [
        ...(await topologyProblems(region, "registry-cache:aws:VmHost")),
        ...(await accountProblems(plan, `${region.name}-cluster`)),
        ...problems,
      ],
      warnings,
    };
  },
  createProvider: awsProvider,
  lookUp: (plan, options) => lookUpIn(plan, options, findCluster),
  create: (name, args, options) => new ClusterHost(name, args, options),
};
