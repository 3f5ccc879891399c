import { actionsOf, type RoleNeeds } from "../boundary.ts";
import { bucketPolicy, challengePolicy } from "../policies.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { clusterKeyPolicy, taggingRights } from "./policies.ts";

/** What a cluster, its nodes and its Pods do by their roles. The resources don't matter. */
export function clusterNeeds({ region: { endpoint }, governance = {} }: AwsClusterPlan): RoleNeeds[] {
  const hasKey = governance.kmsKey !== undefined;
  return [
    // By EKS's own policies, if not by these.
    { who: "EKS Auto Mode", actions: actionsOf(taggingRights) },
    // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSWorkerNodeMinimalPolicy.html
    { who: "a node", actions: ["eks-auth:AssumeRoleForPodIdentity"] },
    {
      who: "a replica",
      actions: [...actionsOf(bucketPolicy("*")), ...(hasKey ? ["kms:Decrypt", "kms:GenerateDataKey"] : [])],
    },
    ...(hasKey ? [{ who: "the cluster", actions: actionsOf(clusterKeyPolicy("*")) }] : []),
    ...(endpoint.tls.mode === "acme"
      ? [{ who: "cert-manager", actions: actionsOf(challengePolicy("*", endpoint.hostname)) }]
      : []),
  ];
}
