/** The resources of a request to AWS, as in the service authorization reference: a type, and the end of the ARN. */
import { type Cloud, everywhere, type Thing } from "../../cloud.ts";
import type { Asked } from "../../guard.ts";
import { type Inputs, normalId, text } from "../../values.ts";
import { keyType } from "../kms.ts";
import { securityGroup } from "../security-group.ts";
import { oneTag } from "./ec2-calls.ts";

export interface Subject {
  /** The type in the reference: `ec2 subnet`. */
  readonly kind: string;
  /** The variable parts of its ARN. */
  readonly parts: readonly string[];
  /** Its tags before the request. @default it doesn't exist yet */
  readonly tags?: Inputs | undefined;
  readonly thing?: Thing | undefined;
}

type End = (inputs: Inputs, id: string) => Omit<Subject, "tags">[];

const byId =
  (kind: string): End =>
  (_, id) => [{ kind, parts: [id] }];
const named =
  (kind: string, ...paths: string[]): End =>
  (inputs) => [{ kind, parts: paths.map((path) => text(path, inputs)) }];
/** Resources whose ARN ends with a name and a part that AWS generates. */
const byArn =
  (kind: string): End =>
  ({ namePrefix }, id) => [{ kind, parts: endOf(id) ?? [`${namePrefix}0a1b`, "2c3d"] }];
const endOf = (arn: string) => /^arn:[^/]+\/(?:net\/)?(.+)$/.exec(arn)?.[1]?.split("/");
const inPath =
  (kind: string): End =>
  ({ path = "/", name }) => [{ kind, parts: [`${String(path).slice(1)}${name}`] }];
const ofBucket: End = (inputs, id) => [
  { kind: "s3 bucket", parts: [text("bucket", inputs) || id] },
  { kind: "s3 object", parts: [text("bucket", inputs) || id, text("key", inputs) || "any"] },
];
const parameter: End = (inputs) => [
  { kind: "ssm parameter", parts: [text("name", inputs).replace(/^\//, "")] },
];
/** The entry of a role, whose ARN has parts of the role's. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html */
const accessEntry: End = (inputs) => {
  const [, , , , account = "", identity = ""] = text("principalArn", inputs).split(":");
  const [type = "", ...name] = identity.split("/");
  return [
    {
      kind: "eks access-entry",
      parts: [text("clusterName", inputs), type, account, name.join("/"), "0a1b2c3d"],
    },
  ];
};

/** By Pulumi's types, and by the tokens of functions. */
export const ends: Readonly<Record<string, End>> = {
  "aws:ec2/vpc:Vpc": byId("ec2 vpc"),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": byId("ec2 security-group"),
  "aws:ec2/internetGateway:InternetGateway": byId("ec2 internet-gateway"),
  "aws:ec2/subnet:Subnet": byId("ec2 subnet"),
  "aws:ec2/routeTable:RouteTable": byId("ec2 route-table"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": byId("ec2 vpc-endpoint"),
  "aws:ec2/natGateway:NatGateway": byId("ec2 natgateway"),
  "aws:ec2/eip:Eip": byId("ec2 elastic-ip"),
  "aws:ec2/securityGroup:SecurityGroup": byId("ec2 security-group"),
  "aws:ec2/networkInterface:NetworkInterface": byId("ec2 network-interface"),
  "aws:ec2/instance:Instance": byId("ec2 instance"),
  "aws:ebs/volume:Volume": byId("ec2 volume"),
  "aws:ec2/vpcEndpointService:VpcEndpointService": byId("ec2 vpc-endpoint-service"),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": byId("ec2 security-group-rule"),
  "aws:lb/loadBalancer:LoadBalancer": byArn("elasticloadbalancing loadbalancer/net/"),
  "aws:lb/targetGroup:TargetGroup": byArn("elasticloadbalancing targetgroup"),
  "aws:lb/listener:Listener": ({ loadBalancerArn }, id) => [
    {
      kind: "elasticloadbalancing listener/net",
      parts: endOf(id) ?? [...(endOf(String(loadBalancerArn)) ?? []), "0a1b2c3d"],
    },
  ],
  "aws:kms/key:Key": (_, id) => [{ kind: "kms key", parts: [id.split("/").at(-1) ?? ""] }],
  "aws:iam/policy:Policy": (_, id) => [{ kind: "iam policy", parts: [id.split(":policy/").at(-1) ?? ""] }],
  ami: byId("ec2 image"),
  "prefix list": byId("ec2 prefix-list"),
  "aws:iam/role:Role": inPath("iam role"),
  "aws:iam/instanceProfile:InstanceProfile": inPath("iam instance-profile"),
  "aws:ssm/parameter:Parameter": parameter,
  "aws:ssm/getParameter:getParameter": parameter,
  "aws:cloudwatch/metricAlarm:MetricAlarm": named("cloudwatch alarm", "name"),
  "aws:cloudwatch/logGroup:LogGroup": named("logs log-group", "name"),
  "aws:route53/zone:Zone": byId("route53 hostedzone"),
  "aws:route53/record:Record": (inputs) => [
    { kind: "route53 hostedzone", parts: [text("zoneId", inputs)] },
    { kind: "route53 change", parts: ["C2682N5HXP0BZ4"] },
  ],
  "aws:route53/healthCheck:HealthCheck": byId("route53 healthcheck"),
  "aws:route53/zoneAssociation:ZoneAssociation": (inputs) => [
    { kind: "route53 hostedzone", parts: [text("zoneId", inputs)] },
    { kind: "route53 change", parts: ["C2682N5HXP0BZ4"] },
  ],
  "aws:s3/bucket:Bucket": ofBucket,
  "aws:s3/getBucket:getBucket": ofBucket,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ofBucket,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ofBucket,
  "aws:s3/bucketPolicy:BucketPolicy": ofBucket,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ofBucket,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ofBucket,
  "aws:s3/bucketObjectv2:BucketObjectv2": ofBucket,
  "aws:eks/cluster:Cluster": named("eks cluster", "name"),
  "aws:eks/addon:Addon": (inputs) => [
    { kind: "eks addon", parts: [text("clusterName", inputs), text("addonName", inputs), "0a1b2c3d"] },
  ],
  "aws:eks/accessEntry:AccessEntry": accessEntry,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": accessEntry,
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": (inputs) => [
    { kind: "eks podidentityassociation", parts: [text("clusterName", inputs), "a-0a1b2c3d"] },
  ],
};

/** The request's own resource, and those that its inputs refer to. */
export function subjectsOf(cloud: Cloud, asked: Asked): { own: Subject[]; others: Subject[] } {
  const { kind, type, inputs, scope, thing } = asked;
  if (type === oneTag) {
    const found = cloud.find(securityGroup, text("resourceId", inputs), scope);
    const own = found
      ? { kind: "ec2 security-group", parts: [found.id], tags: tagsOf(found), thing: found }
      : [];
    return { own: [own].flat(), others: [] };
  }
  const own = (ends[type]?.(inputs, thing?.id ?? newId(inputs)) ?? []).map((subject) => ({
    ...subject,
    ...(thing && kind !== "create" && { tags: tagsOf(thing) }),
    thing,
  }));
  const named = new Set(textsIn([inputs, thing?.inputs]).flatMap((it) => [it, it.split("/").at(-1) ?? ""]));
  const ids = new Set([...named].map(normalId));
  // Keys are found by their alias.
  const isNamed = ({ id, type: its, inputs }: Thing) =>
    ids.has(normalId(id)) || (its === keyType && ids.has(text("alias", inputs)));
  const others = Object.keys(ends)
    .flatMap((other) => cloud.things(other))
    .filter((it) => it !== thing && (it.scope === scope || it.scope === everywhere) && isNamed(it))
    .flatMap((it) =>
      (ends[it.type]?.(it.inputs, it.id) ?? []).map((subject) => ({
        ...subject,
        tags: tagsOf(it),
        thing: it,
      })),
    );
  return { own, others };
}

/** The tags of a resource. Those of the stack's own resources include the provider's. */
function tagsOf({ inputs, outputs }: Thing): Inputs {
  return { ...(inputs.tags as Inputs | undefined), ...(outputs.tagsAll as Inputs | undefined) };
}

/** The id of a new resource. A bucket's starts with the prefix in its inputs. */
function newId({ bucketPrefix = "new-" }: Inputs): string {
  return `${bucketPrefix}0a1b2c3d`;
}

/** The provider's default tags. A provider gets nested configuration as JSON. */
export function defaultTags({ provider = {} }: Asked): Inputs {
  return JSON.parse(String(provider.defaultTags ?? "{}")).tags ?? {};
}

export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
