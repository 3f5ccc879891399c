import { awsCluster } from "./cloud-aws-cluster.ts";
import { azureCluster } from "./cloud-azure-cluster.ts";
import type { Account, ClusterCase } from "./cloud-cluster-case.ts";
import { type CloudStack, type CloudStackOptions, cloudStack } from "./cloud-stack.ts";
import { hasCluster, stackFiles } from "./stack-files.ts";

export const clusterCases: readonly ClusterCase[] = [awsCluster, azureCluster];

/** The files in stacks/ for clusters in a cloud, each with the facts of its cloud. */
export const clusterFiles = stackFiles
  .filter(({ file, provider }) => provider !== "kubernetes" && hasCluster(file))
  .flatMap(({ file, provider }) =>
    clusterCases.filter((it) => it.provider === provider).map((known) => ({ file, known })),
  );

/** @param file a path from {@link clusterFiles}, or the case's own */
export async function clusterStack(
  file: string,
  { programs }: ClusterCase,
  { cloud, clusters }: Account,
  options: Pick<CloudStackOptions, "isWarm"> = {},
): Promise<CloudStack> {
  return cloudStack(file, cloud, { others: [clusters], programs, ...options });
}
