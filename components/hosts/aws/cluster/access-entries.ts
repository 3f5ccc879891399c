import { AccessEntry } from "@pulumi/aws/eks/accessEntry.js";
import { AccessPolicyAssociation } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../../naming.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html */
const policies = {
  view: "AmazonEKSViewPolicy",
  edit: "AmazonEKSEditPolicy",
  admin: "AmazonEKSAdminPolicy",
  clusterAdmin: "AmazonEKSClusterAdminPolicy",
} as const;

/** Who may use the cluster's API, beside whoever made it. */
export function createAccessEntries(
  name: string,
  { governance: { clusterAccess = [] } = {} }: AwsClusterPlan,
  clusterName: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  for (const { principalArn, policy, namespaces } of clusterAccess) {
    // By who it is, so that another order changes nothing.
    const resource = `${name}-access-${sha256(principalArn).slice(0, 8)}`;
    const entry = new AccessEntry(resource, { clusterName, principalArn, type: "STANDARD" }, options);
    new AccessPolicyAssociation(
      resource,
      {
        clusterName,
        principalArn: entry.principalArn,
        policyArn: `arn:aws:eks::aws:cluster-access-policy/${policies[policy]}`,
        accessScope: namespaces ? { type: "namespace", namespaces: [...namespaces] } : { type: "cluster" },
      },
      options,
    );
  }
}
