/** The permits of a stack's resources that a table of actions can't express. */

import { textsIn } from "../../../components/config/as-written.ts";
import { stackTags } from "../../../components/hosts/naming.ts";
import { list, statementsOf } from "../../../policy/iam.ts";
import type { Inputs, Resource } from "../resources.ts";
import { rows } from "./actions.ts";
import { keyPermits } from "./keys.ts";
import { bounded } from "./narrowed.ts";
import { both, type Condition, type Found, ownCondition, tagCondition } from "./permits.ts";
import { type Place, regionOf } from "./place.ts";

interface Special {
  readonly resource: Resource;
  readonly all: readonly Resource[];
  readonly stack: string;
  readonly place: Place;
  /** The ARN in a service of the region. @param account @default the stack's */
  arn(service: string, rest: string, account?: string): string;
  /** The ARN in IAM. */
  iam(rest: string): string;
}

const cluster = "aws:eks/cluster:Cluster";
const apiRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

/** EKS tags the resources that it creates, and nobody else can set this tag. */
const ofCluster = (name: unknown): Condition => ({
  StringEquals: { "aws:ResourceTag/aws:eks:cluster-name": String(name) },
});
/** One condition for each cluster of a stack. */
const ofClusters = (all: readonly Resource[]): Condition[] =>
  all.filter(({ type }) => type === cluster).map(({ inputs }) => ofCluster(inputs.name));

/** AWS publishes the IDs of images here for all accounts. */
const publicImages = "parameter/aws/service/debian/release/*";

const permit = (action: string, resource: string, condition: Condition = {}): Found => ({
  action,
  resource,
  condition,
});

const specials: Readonly<Record<string, (special: Special) => Found[]>> = {
  "registry-cache:aws:VmHost": ({ arn }) => [permit("ssm:GetParameter", arn("ssm", publicImages, ""))],

  /** Passes the role only to the services that the stack intends it for. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
  "aws:iam/role:Role"({ resource: { inputs }, all, iam }) {
    const trusted = statementsOf(String(inputs.assumeRolePolicy)).flatMap(({ Principal }) =>
      list((Principal as { Service?: string | readonly string[] } | undefined)?.Service),
    );
    // The roles of a cluster's nodes and Pods are passed to EKS.
    const hasCluster = all.some(({ type }) => type === cluster);
    const services = [...new Set([...trusted, ...(hasCluster ? ["eks.amazonaws.com"] : [])])].sort();
    const condition = { StringEquals: { "iam:PassedToService": services } };
    const path = String(inputs.path ?? "/").slice(1);
    const boundary = inputs.permissionsBoundary;
    const resource = iam(`role/${path}${inputs.name}`);
    const pass = permit("iam:PassRole", resource, condition);
    if (boundary === undefined) return [pass];
    return [
      pass,
      // The condition keeps an existing role from losing its boundary.
      permit("iam:PutRolePermissionsBoundary", resource, bounded(String(boundary))),
      ...["iam:GetPolicy", "iam:GetPolicyVersion"].map((action) => permit(action, String(boundary))),
    ];
  },

  /** An account gets this role with its first alarm that restarts a machine: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-service-linked-roles.html */
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ iam }) => [linkedRole(iam, "events")],

  /** An account gets this role with its first cluster: https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks.html */
  [cluster]: ({ iam, arn, resource: { inputs } }) => [
    linkedRole(iam, "eks"),
    // The nodes' instance profile, which EKS creates, may outlive the cluster: https://github.com/aws/containers-roadmap/issues/2531
    permit("iam:RemoveRoleFromInstanceProfile", iam("instance-profile/eks*")),
    // An existing cluster can get a key, too: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    ...(inputs.encryptionConfig === undefined
      ? []
      : [permit("eks:AssociateEncryptionConfig", arn("eks", `cluster/${inputs.name}`))]),
  ],

  /** EC2 creates the default group with the network and without tags, and AWS has no condition key that identifies it. Its ID is unknown until the stack has it. */
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": (special) =>
    claims(special, {
      ...{ type: "security-group", id: special.resource.id, tags: special.resource.inputs.tags },
      actions: ["RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"],
    }),

  /** The group belongs to EKS and has EKS's tags. The provider tags a rule only after its creation. */
  [apiRule]({ all, stack, arn }) {
    const names = ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress"];
    return [
      ...ofClusters(all).flatMap((condition) =>
        names.map((name) => permit(`ec2:${name}`, arn("ec2", "security-group/*"), condition)),
      ),
      permit(
        "ec2:CreateTags",
        arn("ec2", "security-group-rule/*"),
        both(tagCondition("RequestTag", stack), { Null: { "aws:ResourceTag/stack": "true" } }),
      ),
    ];
  },

  /** The provider names the root disk only after the machine's creation. */
  "aws:ec2/instance:Instance"(special) {
    const { tags } = (special.resource.inputs.rootBlockDevice ?? {}) as Inputs;
    return claims(special, { type: "volume", tags });
  },

  /** The stack looks up the certificate that the machine reads, and the zone in which control of a name is proved. */
  "aws:iam/rolePolicy:RolePolicy"({ resource: { inputs } }) {
    const named = (arns: RegExp) => textsIn(inputs).flatMap((text) => text.match(arns) ?? []);
    const zones = named(/arn:[a-z-]+:route53:::hostedzone\/\w+/g);
    return [
      ...named(/arn:[a-z-]+:ssm:[^"*]+:parameter\/[^"*]+/g).map((arn) => permit("ssm:GetParameter", arn)),
      ...(zones.length > 0 ? [permit("route53:ListHostedZones", "*")] : []),
      ...zones.flatMap((arn) =>
        ["GetHostedZone", "ListResourceRecordSets", "ListTagsForResource"].map((action) =>
          permit(`route53:${action}`, arn),
        ),
      ),
    ];
  },

  /** The stack finds a private zone by comparing the networks of all zones with that name, so the zone's ID isn't known before. */
  "aws:route53/record:Record": () => [permit("route53:GetHostedZone", "arn:aws:route53:::hostedzone/*")],

  /** The stack looks up prefix lists, which count as many rules as their maximum number of entries, and security groups, which may be in a peered network. */
  "aws:ec2/securityGroup:SecurityGroup"({ resource: { inputs, provider }, arn }) {
    const sources = textsIn(inputs);
    const condition = { StringEquals: { "aws:RequestedRegion": String(provider.region) } };
    const describe = (what: string) => permit(`ec2:Describe${what}`, "*", condition);
    const lists = sources.filter((text) => text.startsWith("pl-"));
    return [
      ...(lists.length > 0 ? [describe("ManagedPrefixLists")] : []),
      // A list may be in any account, because some are AWS's own.
      ...lists.map((id) => permit("ec2:GetManagedPrefixListEntries", arn("ec2", `prefix-list/${id}`, "*"))),
      ...(sources.some((text) => text.startsWith("sg-")) ? [describe("VpcPeeringConnections")] : []),
    ];
  },

  "aws:lb/loadBalancer:LoadBalancer": (special) => [
    linkedRole(special.iam, "elasticloadbalancing"),
    ...loadBalancing(special, [
      ...["CreateLoadBalancer", "DeleteLoadBalancer", "ModifyLoadBalancerAttributes"],
      ...["SetSecurityGroups", "SetSubnets", "AddTags", "RemoveTags"],
      ...["DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeCapacityReservation"],
      "DescribeTags",
    ]),
  ],
  "aws:lb/targetGroup:TargetGroup": (special) =>
    loadBalancing(special, [
      ...["CreateTargetGroup", "DeleteTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"],
      ...["AddTags", "RemoveTags", "DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"],
    ]),
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": (special) =>
    loadBalancing(special, ["RegisterTargets", "DeregisterTargets", "DescribeTargetHealth"]),
  "aws:lb/listener:Listener": (special) =>
    loadBalancing(special, [
      ...["CreateListener", "DeleteListener", "ModifyListener", "AddTags", "RemoveTags"],
      ...["DescribeListeners", "DescribeListenerAttributes", "DescribeTags"],
    ]),

  "aws:ec2/tag:Tag": ({ all, arn }) =>
    ofClusters(all).flatMap((condition) =>
      ["ec2:CreateTags", "ec2:DeleteTags"].map((it) => permit(it, arn("ec2", "security-group/*"), condition)),
    ),

  /** Deletes the security group that EKS leaves behind. */
  "pulumi-nodejs:dynamic/aws:ClusterSecurityGroup": ({ resource: { inputs }, arn }) => [
    permit("ec2:DeleteSecurityGroup", arn("ec2", "security-group/*"), ofCluster(inputs.clusterName)),
  ],
};

interface Claim {
  readonly type: string;
  /** @default unknown */
  readonly id?: string | undefined;
  readonly tags: unknown;
  /** What the stack does with the resource after it has tagged it. @default only changes its tags */
  readonly actions?: readonly string[];
}

/**
 * Permits for a resource that EC2 creates without tags. It never gets the `Name` of one that the stack creates, so the permits for those aren't for it. Its tags are limited by their keys, too,
 * because a condition takes `name` for `Name`, and EC2 doesn't.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys
 */
function claims(
  { resource: { provider }, stack, place, arn }: Special,
  { type, id = "*", tags, actions = [] }: Claim,
): Found[] {
  const { Name } = (tags ?? {}) as { Name?: string };
  if (Name === undefined) return [];
  const byDefault = JSON.parse(String(provider.defaultTags ?? "{}")) as { tags?: object };
  const keys = [stackTags(stack), byDefault.tags ?? {}, Object(tags)].flatMap(Object.keys);
  const sameIfThere = {
    "aws:RequestTag/Name": Name,
    ...tagCondition("RequestTag", stack).StringEquals,
    ...tagCondition("ResourceTag", stack).StringEquals,
  };
  const made = place.names.get(type) ?? [];
  const resource = arn("ec2", `${type}/${id}`);
  return [
    permit("ec2:CreateTags", resource, {
      StringEqualsIfExists: sameIfThere,
      ...(made.length > 0 && { StringNotEquals: { "aws:ResourceTag/Name": made } }),
      "ForAllValues:StringEquals": { "aws:TagKeys": [...new Set(keys)].sort() },
    }),
    ...["DeleteTags", ...actions].map((it) => permit(`ec2:${it}`, resource, ownCondition(stack, Name))),
  ];
}

/**
 * Permits for Network Load Balancers. The provider completes a name of which the stack gives only the prefix.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
 */
function loadBalancing({ all, arn, resource: { provider } }: Special, names: readonly string[]): Found[] {
  const balancers = all.filter(({ type }) => type === "aws:lb/loadBalancer:LoadBalancer");
  const starts = balancers.map(({ inputs }) => String(inputs.name ?? `${inputs.namePrefix ?? ""}*`));
  const ends = [...new Set(starts)].flatMap((name) =>
    ["loadbalancer/net", "listener/net", "targetgroup"].map((kind) => `${kind}/${name}/*`),
  );
  const condition = { StringEquals: { "aws:RequestedRegion": String(provider.region) } };
  return names.flatMap((name): Found[] => {
    const action = `elasticloadbalancing:${name}`;
    if (name.startsWith("Describe")) return [permit(action, "*", condition)];
    return ends.map((end) => permit(action, arn("elasticloadbalancing", end)));
  });
}

/** @returns the permits, including those to tag a resource of EC2 during its creation */
export function specialPermits(
  resource: Resource,
  all: readonly Resource[],
  { stack, place }: { readonly stack: string; readonly place: Place },
): Found[] {
  const region = regionOf(resource);
  const arn: Special["arn"] = (service, rest, account = place.account) =>
    `arn:aws:${service}:${region}:${account}:${rest}`;
  const iam = (rest: string) => `arn:aws:iam::${place.account}:${rest}`;
  const special = [
    ...(specials[resource.type]?.({ resource, all, stack, place, arn, iam }) ?? []),
    ...keyPermits(resource, all),
  ];
  const { own, actions = [] } = rows[resource.type] ?? {};
  if (own === undefined || creations(actions).length === 0 || !actions.includes("ec2:CreateTags"))
    return special;
  const CreateAction = [...new Set(all.flatMap(({ type }) => creations(rows[type]?.actions ?? [])))].sort();
  const condition = both(tagCondition("RequestTag", stack), {
    StringEquals: { "ec2:CreateAction": CreateAction },
  });
  return [...special, permit("ec2:CreateTags", arn("ec2", `${own}/*`), condition)];
}

/** Names of EC2's actions that create resources, without the service. */
function creations(actions: readonly string[]): string[] {
  return actions.flatMap(
    (action) => action.match(/^ec2:((?:Create(?!Tags|Route$)|Run|Allocate)\w+)$/)?.[1] ?? [],
  );
}

function linkedRole(iam: Special["iam"], service: string): Found {
  const name = `${service}.amazonaws.com`;
  const condition = { StringEquals: { "iam:AWSServiceName": name } };
  return permit("iam:CreateServiceLinkedRole", iam(`role/aws-service-role/${name}/*`), condition);
}
