import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type { PolicyDocument } from "@pulumi/aws/iam/documents.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type * as pulumi from "@pulumi/pulumi";
import { roleSettings } from "../role-settings.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { podTrust } from "./policies.ts";

export interface PodIdentityArgs {
  readonly plan: AwsClusterPlan;
  /** Whose it is, part of its names: `pods` */
  readonly part: string;
  /** The account of the cluster. */
  readonly accountId: string;
  readonly clusterName: pulumi.Input<string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly rights: PolicyDocument;
}

/**
 * The rights of the Pods of a service account: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 * @returns what must be there when such a Pod is made: later, it doesn't get its credentials.
 */
export function createPodIdentity(
  name: string,
  { plan, part, accountId, clusterName, namespace, serviceAccount, rights }: PodIdentityArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { names } = plan;
  const role = new Role(
    `${name}-${part}`,
    {
      name: names.clusterRole(part),
      description: `Registry cache: ${namespace}/${serviceAccount}`,
      assumeRolePolicy: JSON.stringify(podTrust(accountId)),
      ...roleSettings(plan),
      tags: names.tags(part),
    },
    options,
  );
  const policy = new RolePolicy(
    `${name}-${part}`,
    { name: part, role: role.name, policy: JSON.stringify(rights) },
    options,
  );
  const association = new PodIdentityAssociation(
    `${name}-${part}`,
    { clusterName, namespace, serviceAccount, roleArn: role.arn, tags: names.tags(part) },
    options,
  );
  return [policy, association];
}
