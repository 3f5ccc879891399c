import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { KindDefinition } from "../../kind.ts";
import { previousVersionOf } from "../../kubernetes-cluster/preflight.ts";
import { previousOutputs, topologyProblems } from "../../previous-outputs.ts";
import { accountProblems, lookUpIn } from "../account.ts";
import { awsProvider } from "../provider.ts";
import { ClusterHost } from "./cluster-host.ts";
import { type ClusterFindings, clusterType, findCluster } from "./findings.ts";
import { type AwsClusterPlan, planAwsCluster } from "./plan.ts";
import { awsClusterFindings } from "./preflight.ts";

/** A region with an EKS cluster. */
export const awsCluster: KindDefinition<AwsClusterRegion, AwsClusterPlan, ClusterFindings> = {
  plan: planAwsCluster,
  async preflight(plan, today) {
    const { region } = plan;
    const { problems, warnings } = awsClusterFindings(region, {
      today,
      previousVersion: await previousVersionOf(region.name, clusterType, "version"),
      previousVpc: await previousVpc(region.name),
      hasPrivateLink: (await previousOutputs("aws:ec2/vpcEndpointService:VpcEndpointService")).has(
        region.name,
      ),
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

/** The value of AwsSurroundings.previousVpc. */
async function previousVpc(region: string): Promise<string | undefined> {
  const clusters = await previousOutputs<{ vpcConfig: { readonly vpcId: string } }>(clusterType);
  const config = clusters.get(region)?.vpcConfig;
  const isOwn = (await previousOutputs("aws:ec2/vpc:Vpc")).has(region);
  return config && (isOwn ? "create" : config.vpcId);
}
