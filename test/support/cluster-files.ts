import { awsCluster } from "./cloud-aws-cluster.ts";
import { azureCluster } from "./cloud-azure-cluster.ts";
import type { ClusterCase } from "./cloud-cluster-case.ts";
import { hasCluster, stackFiles } from "./stack-files.ts";

export const clusterCases: readonly ClusterCase[] = [awsCluster, azureCluster];

/** The files in stacks/ for clusters in a cloud, each with what is known of the cloud. */
export const clusterFiles = stackFiles
  .filter(({ file, provider }) => provider !== "kubernetes" && hasCluster(file))
  .flatMap(({ file, provider }) =>
    clusterCases.filter((it) => it.provider === provider).map((known) => ({ file, known })),
  );
