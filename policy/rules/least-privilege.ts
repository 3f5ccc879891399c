import { z } from "zod";
import { list, type Statement, statementsOf } from "../iam.ts";
import { type Resource, rule } from "../rule.ts";
import { textsAt, valueAt } from "../values.ts";

/** An allowed wildcard, whose resource is already as narrow as it can be. */
export interface Exception {
  readonly actions: RegExp;
  readonly resource: RegExp;
  readonly why: string;
  /** A condition of the statement that limits it, where the resource's name alone doesn't. */
  readonly if?: (statement: Statement) => boolean;
}

/** ARNs of one secret or of those below a path, and of one bucket or of its objects. */
const ofOneCache = /^arn:aws:(?:ssm:[a-z0-9-]+:(?:\d{12}|\*):parameter\/|s3:::)[^*?]+(?:\/\*)?$/;

export const exceptions: readonly Exception[] = [
  {
    actions: /^route53:GetChange$/,
    resource: /^arn:aws:route53:::change\/\*$/,
    why: "Changes of DNS records have no owner. Their IDs can't be guessed, and show only whether a change is done.",
  },
  {
    actions: /^s3:\w+$/,
    resource: /^arn:aws:s3:::[a-z0-9.-]+\/(?:pods\/)?\*$/,
    why: "The objects of one bucket, which the cache alone has.",
  },
  {
    actions: /^kms:Decrypt$/,
    resource: /^arn:aws:kms:[a-z0-9-]+:\*:key\/\*$/,
    why: "The keys of one secret or one cache's secrets in Parameter Store, or of one bucket's objects. They can have earlier keys, and the condition names the secret or the bucket.",
    if: ({ Condition }) => {
      const {
        "kms:EncryptionContext:PARAMETER_ARN": parameter,
        "kms:EncryptionContext:aws:s3:arn": objects,
      } = { ...Condition?.StringEquals, ...Condition?.StringLike };
      const contexts = [parameter, objects].flat().filter((it) => it !== undefined);
      return contexts.length > 0 && contexts.every((it) => ofOneCache.test(String(it)));
    },
  },
  {
    actions: /^(?:ec2|elasticloadbalancing):Create\w+$|^ec2:RunInstances$/,
    resource: /^\*$/,
    why: "Resources that EKS creates for its cluster. They don't exist before, and the condition names the cluster.",
    if: isOfCluster("RequestTag"),
  },
  {
    actions: /^(?:ec2:(?:Create|Delete)|elasticloadbalancing:(?:Add|Remove))Tags$/,
    resource: /^\*$/,
    why: "Tags of resources that EKS has created for its cluster. EKS chooses their IDs, and the condition names the cluster.",
    if: isOfCluster("ResourceTag"),
  },
];

function isOfCluster(kind: "RequestTag" | "ResourceTag"): (statement: Statement) => boolean {
  const tag = "eks:eks-cluster-name";
  return ({ Condition }) => Condition?.StringEquals?.[`aws:${kind}/${tag}`] === `\${aws:PrincipalTag/${tag}}`;
}

/** What is wrong with the wildcards of a policy. @param policy JSON */
function wildcards(policy: string): string[] {
  return statementsOf(policy).flatMap((statement) => {
    if (statement.Effect === "Deny") return [];
    const actions = list(statement.Action);
    const isExcepted = (action: string, resource: string) =>
      exceptions.some(
        (it) => it.actions.test(action) && it.resource.test(resource) && (it.if?.(statement) ?? true),
      );
    return [
      ...actions.filter((action) => action.includes("*")).map((action) => `allows the action ${action}`),
      ...list(statement.Resource)
        .filter((resource) => resource.includes("*"))
        .flatMap((resource) =>
          actions
            .filter((action) => !action.includes("*") && !isExcepted(action, resource))
            .map((action) => `allows ${action} on ${resource}`),
        ),
      ...(statement.NotResource === undefined ? [] : ["allows everything but what `NotResource` names"]),
    ];
  });
}

/** What is wrong with a role's trust policy. @param policy JSON. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
function trust(policy: string): string[] {
  return statementsOf(policy).flatMap(({ Principal, Condition }) => {
    if (textsAt({ Principal }, "Principal", "Principal.AWS", "Principal.AWS[*]").includes("*"))
      return ["can be taken by everyone"];
    const isForPods = valueAt("Service", Principal) === "pods.eks.amazonaws.com";
    const account = String(Condition?.StringEquals?.["aws:SourceAccount"]);
    return isForPods && !/^\d{12}$/.test(account)
      ? ["can be taken for a cluster of another account: name the account in `aws:SourceAccount`"]
      : [];
  });
}

/** IDs of Azure's built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const blobDelegator = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const networkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/** Whether the scope is one secret, one container, or the zone of one certificate's challenge. Three roles need a wider scope. */
function isOneThing({ scope, roleDefinitionId }: Resource["props"]): boolean {
  const role = String(roleDefinitionId).split("/").at(-1);
  const narrow = /\/(?:dnsZones\/acme\.[^/]+|secrets\/[^/]+|containers\/[^/]+)$/;
  // The right to sign URLs exists for a whole storage account only. It doesn't permit reading.
  const account = role === blobDelegator ? [/\/storageAccounts\/[^/]+$/] : [];
  // AKS joins its nodes to a subnet and looks for its public address in the whole resource group.
  const network = role === networkContributor ? [/\/(?:resourceGroups|subnets)\/[^/]+$/] : [];
  // AKS reads the disk encryption set of its nodes' disks.
  const encryptionSet = role === reader ? [/\/diskEncryptionSets\/[^/]+$/] : [];
  return [narrow, ...account, ...network, ...encryptionSet].some((it) => it.test(String(scope)));
}

export const leastPrivilege = rule({
  name: "least-privilege",
  level: "mandatory",
  what: "Rights name their actions and resources. There are no wildcards except those of the list below, and a right in Azure is for one secret, one container, or the zone of one certificate's challenge. Only signing URLs and AKS's own identity need a wider scope.",
  why: "An attacker in one cache must not reach another cache, or anything else in the account.",
  parameters: {
    managedPolicies: z
      .array(z.string())
      .default([
        "AmazonSSMManagedInstanceCore",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEC2ContainerRegistryPullOnly",
      ])
      .describe("AWS's own policies that a role may have: Session Manager's, and those that EKS requires."),
  },
  each(resource, { managedPolicies }) {
    const { type, props } = resource;
    switch (type) {
      case "aws:iam/rolePolicy:RolePolicy":
      case "aws:iam/policy:Policy":
        return wildcards(String(props.policy));
      case "aws:iam/role:Role":
        return trust(String(props.assumeRolePolicy));
      case "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        const name = /^arn:aws:iam::aws:policy\/(?:[\w-]+\/)*([\w-]+)$/.exec(String(props.policyArn))?.[1];
        return name === undefined || managedPolicies.includes(name)
          ? []
          : [`attaches ${name}, which isn't one of \`managedPolicies\``];
      }
      case "azure-native:authorization:RoleAssignment":
        return isOneThing(props) ? [] : [`gives rights on ${props.scope}`];
      default:
        return [];
    }
  },
});
