import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";
import { document } from "../policies.ts";

/** Lets a service of EKS take a role; it passes on which cluster it is for: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html */
function eksTrust(service: string, conditions: Pick<PolicyStatement, "Condition"> = {}): PolicyDocument {
  return document({
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    ...conditions,
  });
}

export const clusterTrust = eksTrust("eks.amazonaws.com");

/**
 * Of Pods, by EKS Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html. Only for clusters of the account itself:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function podTrust(accountId: string): PolicyDocument {
  return eksTrust("pods.eks.amazonaws.com", {
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  });
}

/** Else the cluster makes its log group anew, for ever, when the stack has deleted it: https://github.com/aws/containers-roadmap/issues/920 */
export const noLogGroups = document({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" });
