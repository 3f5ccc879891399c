/** What a stack's resources need beside what a table of actions can say. */
import { list, statementsOf } from "../../../policy/iam.ts";
import { type Resource, textsIn } from "../resources.ts";
import { rows } from "./actions.ts";
import { keyPermits } from "./keys.ts";
import { both, type Condition, type Found, type Permit, tagCondition } from "./permits.ts";
import { type Place, partitionOf, regionOf } from "./place.ts";

interface Special {
  readonly resource: Resource;
  readonly all: readonly Resource[];
  readonly stack: string;
  /** Of a service in the region. @param account @default the stack's */
  arn(service: string, rest: string, account?: string): string;
  /** Of IAM. */
  iam(rest: string): string;
}

const cluster = "aws:eks/cluster:Cluster";
const apiRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

/** What EKS makes has its tag, which nobody else can set. */
const ofCluster = (name: unknown): Condition => ({
  StringEquals: { "aws:ResourceTag/aws:eks:cluster-name": String(name) },
});
/** Of each of a stack's clusters. */
const ofClusters = (all: readonly Resource[]): Condition[] =>
  all.filter(({ type }) => type === cluster).map(({ inputs }) => ofCluster(inputs.name));
/** What gets the stack's tags only when it is there. */
const untaggedYet = (stack: string): Condition =>
  both(tagCondition("RequestTag", stack), { Null: { "aws:ResourceTag/stack": "true" } });

/** Of images, which AWS has for everyone. */
const publicImages = "parameter/aws/service/debian/release/*";

const permit = (action: string, resource: string, condition: Condition = {}): Found => ({
  action,
  resource,
  condition,
});

const specials: Readonly<Record<string, (special: Special) => Found[]>> = {
  "registry-cache:aws:VmHost": ({ arn }) => [permit("ssm:GetParameter", arn("ssm", publicImages, ""))],

  /** A service gets the role only if the stack means it to. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
  "aws:iam/role:Role"({ resource: { inputs }, all, iam }) {
    const trusted = statementsOf(String(inputs.assumeRolePolicy)).flatMap(({ Principal }) =>
      list((Principal as { Service?: string | readonly string[] } | undefined)?.Service),
    );
    // EKS gives a cluster's nodes their role, and Pods theirs.
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
      // Of a role that is there, which so can't lose it.
      permit("iam:PutRolePermissionsBoundary", resource, bounded(String(boundary))),
      ...["iam:GetPolicy", "iam:GetPolicyVersion"].map((action) => permit(action, String(boundary))),
    ];
  },

  /** By its first alarm that restarts a machine, an account gets this role: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-service-linked-roles.html */
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ iam }) => [linkedRole(iam, "events")],

  /** By its first cluster: https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks.html */
  [cluster]: ({ iam, arn, resource: { inputs } }) => [
    linkedRole(iam, "eks"),
    // EKS's profile of the nodes may outlive the cluster: https://github.com/aws/containers-roadmap/issues/2531
    permit("iam:RemoveRoleFromInstanceProfile", iam("instance-profile/eks*")),
    // A key, also of a cluster that is there: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    ...(inputs.encryptionConfig === undefined
      ? []
      : [permit("eks:AssociateEncryptionConfig", arn("eks", `cluster/${inputs.name}`))]),
  ],

  /** EC2 makes it with a network, without tags, and AWS has no key that tells it from others. */
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ({ stack, arn }) => [
    permit("ec2:CreateTags", arn("ec2", "security-group/*"), untaggedYet(stack)),
  ],

  /** The group is EKS's, and has its tags. The provider tags a rule when it is there. */
  [apiRule]({ all, stack, arn }) {
    const names = ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "RevokeSecurityGroupIngress"];
    return [
      ...ofClusters(all).flatMap((condition) =>
        names.map((name) => permit(`ec2:${name}`, arn("ec2", "security-group/*"), condition)),
      ),
      permit("ec2:CreateTags", arn("ec2", "security-group-rule/*"), untaggedYet(stack)),
    ];
  },

  /** The provider tags the root disk when the machine is there. */
  "aws:ec2/instance:Instance"({ resource: { inputs }, arn }) {
    const { tags } = (inputs.rootBlockDevice ?? {}) as { tags?: { Name?: string } };
    if (tags?.Name === undefined) return [];
    const condition = {
      StringEquals: { "aws:RequestTag/Name": tags.Name },
      Null: { "aws:ResourceTag/stack": "true" },
    };
    return [permit("ec2:CreateTags", arn("ec2", "volume/*"), condition)];
  },

  /** The certificate that a machine reads is looked for, and so is the zone in which a name is proved. */
  "aws:iam/rolePolicy:RolePolicy"({ resource: { inputs } }) {
    const named = (arns: RegExp) => textsIn(inputs).flatMap((text) => text.match(arns) ?? []);
    const zones = named(/arn:[a-z-]+:route53:::hostedzone\/\w+/g);
    return [
      ...named(/arn:[a-z-]+:ssm:[^"*]+:parameter\/[^"*]+/g).map((arn) => permit("ssm:GetParameter", arn)),
      ...(zones.length > 0 ? [permit("route53:ListHostedZones", "*")] : []),
      ...zones.flatMap((arn) =>
        ["route53:GetHostedZone", "route53:ListTagsForResource"].map((action) => permit(action, arn)),
      ),
    ];
  },

  /** A private zone is looked for among all of its name, by the networks that each has. Only after the look-up is its ID known. */
  "aws:route53/record:Record": ({ resource }) => [
    permit("route53:GetHostedZone", `arn:${partitionOf(regionOf(resource))}:route53:::hostedzone/*`),
  ],

  /** Lists of prefixes are looked up, and count as many rules as they may get entries. Security groups are, too, also of a network that is peered. */
  "aws:ec2/securityGroup:SecurityGroup"({ resource: { inputs, provider }, arn }) {
    const sources = textsIn(inputs);
    const condition = { StringEquals: { "aws:RequestedRegion": String(provider.region) } };
    const describe = (what: string) => permit(`ec2:Describe${what}`, "*", condition);
    const lists = sources.filter((text) => text.startsWith("pl-"));
    return [
      ...(lists.length > 0 ? [describe("ManagedPrefixLists")] : []),
      // Of any account: some are AWS's own.
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

  /** What EKS leaves behind. */
  "pulumi-nodejs:dynamic/aws:ClusterSecurityGroup": ({ resource: { inputs }, arn }) => [
    permit("ec2:DeleteSecurityGroup", arn("ec2", "security-group/*"), ofCluster(inputs.clusterName)),
  ],
};

/**
 * Of Network Load Balancers. What begins with a prefix of the stack gets the rest of its name from the provider.
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

/** @returns also what tags a resource of EC2 while it is made */
export function specialPermits(
  resource: Resource,
  all: readonly Resource[],
  { stack, place }: { readonly stack: string; readonly place: Place },
): Found[] {
  const region = regionOf(resource);
  const partition = partitionOf(region);
  const arn: Special["arn"] = (service, rest, account = place.account) =>
    `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const iam = (rest: string) => `arn:${partition}:iam::${place.account}:${rest}`;
  const special = [
    ...(specials[resource.type]?.({ resource, all, stack, arn, iam }) ?? []),
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

/** Without the service. */
function creations(actions: readonly string[]): string[] {
  return actions.flatMap(
    (action) => action.match(/^ec2:((?:Create(?!Tags|Route$)|Run|Allocate)\w+)$/)?.[1] ?? [],
  );
}

/** What narrows a permit beyond its resource, where the action has a key for it. */
export function narrowed(
  permit: Permit,
  { type, inputs }: Resource,
  boundaries: readonly string[],
): Condition {
  const { action, condition } = permit;
  if (action === "route53:ChangeResourceRecordSets") {
    const prefix = "route53:ChangeResourceRecordSets";
    return {
      "ForAllValues:StringEquals": {
        [`${prefix}NormalizedRecordNames`]: [String(inputs.name).toLowerCase()],
        [`${prefix}RecordTypes`]: [String(inputs.type)],
      },
    };
  }
  const isAttachment = type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" && !permit.isRead;
  const policy: Condition = isAttachment ? { ArnEquals: { "iam:PolicyARN": String(inputs.policyArn) } } : {};
  const isBounded = boundaries.length > 0 && boundedActions.includes(action);
  return both(both(condition, policy), isBounded ? bounded(...boundaries) : {});
}

const bounded = (...boundaries: string[]): Condition => {
  const [only = "", ...others] = boundaries;
  return { ArnEquals: { "iam:PermissionsBoundary": others.length > 0 ? boundaries : only } };
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate */
const boundedActions = [
  "iam:AttachRolePolicy",
  "iam:CreateRole",
  "iam:DeleteRolePolicy",
  "iam:DetachRolePolicy",
  "iam:PutRolePolicy",
];

function linkedRole(iam: Special["iam"], service: string): Found {
  const name = `${service}.amazonaws.com`;
  const condition = { StringEquals: { "iam:AWSServiceName": name } };
  return permit("iam:CreateServiceLinkedRole", iam(`role/aws-service-role/${name}/*`), condition);
}
