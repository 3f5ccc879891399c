/** The IAM policies that allow an identity to deploy a stack, or only to preview it. */
import type { Resource, RightsRequest } from "../resources.ts";
import { rows } from "./actions.ts";
import { narrowed } from "./narrowed.ts";
import { type Condition, type Permit, permitsOf } from "./permits.ts";
import { placeOf } from "./place.ts";
import { specialPermits } from "./special.ts";

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** In characters, without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const maxPolicyLength = 6144;

/**
 * @returns as few documents as AWS's limit allows; the identity needs all of them.
 * @throws RangeError for a resource type that isn't in the table of actions
 */
export async function policiesFor(
  resources: readonly Resource[],
  { stack, account, isReadOnly = false }: RightsRequest,
): Promise<PolicyDocument[]> {
  const unknown = resources.map(({ type }) => type).filter((type) => type.startsWith("aws:") && !rows[type]);
  if (unknown.length > 0) {
    const types = [...new Set(unknown)].sort().join(", ");
    throw new RangeError(`scripts/rights/aws/actions.ts doesn't say what these need: ${types}`);
  }
  const place = placeOf(account, resources);
  const permits = completed(resources).map(async (resource): Promise<Permit[]> => {
    const boundaries = boundariesOf(resource.inputs.permissionsBoundary ? [resource] : resources);
    const narrow = (permit: Permit) => ({ ...permit, condition: narrowed(permit, resource, boundaries) });
    const special = specialPermits(resource, resources, { stack, place });
    return [
      ...(await permitsOf(resource, stack, place)).map(narrow),
      ...special.map((it) => ({ ...it, isRead: /:(?:Describe|Get|List)/.test(it.action) })),
    ];
  });
  const all = (await Promise.all(permits)).flat();
  return split(statementsOf(isReadOnly ? all.filter(({ isRead }) => isRead) : all));
}

/** Adds what only another resource states: the name prefix of a bucket to the bucket's settings, and the path of a role to the role's policies. While a bucket is replaced, both prefixes count. */
function completed(resources: readonly Resource[]): Resource[] {
  const prefixes = resources.flatMap(({ inputs, provider }) =>
    inputs.bucketPrefix === undefined ? [] : [{ prefix: inputs.bucketPrefix, region: provider.region }],
  );
  const paths = new Map(
    resources.flatMap(({ type, inputs: { name, path } }) =>
      type === "aws:iam/role:Role" && path !== undefined ? [[name, path] as const] : [],
    ),
  );
  return resources.flatMap((resource) => {
    const { type, inputs, provider } = resource;
    if (type.startsWith("aws:iam/rolePolicy"))
      return [{ ...resource, inputs: { ...inputs, path: paths.get(inputs.role) } }];
    if (!type.startsWith("aws:s3/") || inputs.bucket !== undefined) return [resource];
    const found = prefixes.filter(({ region }) => region === provider.region);
    return found.map(({ prefix }) => ({ ...resource, inputs: { bucketPrefix: prefix, ...inputs } }));
  });
}

/** The permissions boundaries of all roles. While a boundary is being changed, both the old one and the new one count. */
function boundariesOf(resources: readonly Resource[]): string[] {
  return [...new Set(resources.flatMap(({ inputs }) => (inputs.permissionsBoundary as string) ?? []))];
}

type Group = Pick<Statement, "Action" | "Resource"> & { readonly Condition: Condition };

/** Merges permits that differ only in their resources, or only in their actions, into one statement. */
function statementsOf(permits: readonly Permit[]): Statement[] {
  const byTags = Object.values(Object.groupBy(permits.map(groupOf), tagKey)).flatMap((same = []) =>
    tagKey(same[0] as Group) === "" ? same : merged(same.map(withoutResource(same)), "Action"),
  );
  return merged(merged(byTags, "Action"), "Resource")
    .flatMap(fitting)
    .map(({ Condition, ...rest }, index) => ({
      Sid: `RegistryCache${index + 1}`,
      Effect: "Allow",
      ...rest,
      ...(Object.keys(Condition).length > 0 && { Condition }),
    }));
}

/** Leaves room for the part of a policy that surrounds a statement. */
const maxGroupLength = maxPolicyLength - 200;

/** Halves a statement that is too long for a policy of its own. */
function fitting(group: Group): Group[] {
  const { Resource } = group;
  if (JSON.stringify(group).length <= maxGroupLength || Resource.length === 1) return [group];
  const middle = Math.ceil(Resource.length / 2);
  return [Resource.slice(0, middle), Resource.slice(middle)].flatMap((half) =>
    fitting({ ...group, Resource: half }),
  );
}

function groupOf({ action, resource, condition }: Permit): Group {
  return { Action: [action], Resource: [resource], Condition: condition };
}

/** Equal for EC2's permits that have the same condition on the stack's tags. These become one statement, because an action ignores resource types that it doesn't support. */
function tagKey({ Action: [action = ""], Resource: [resource], Condition }: Group): string {
  const [operator = "", ...others] = Object.keys(Condition);
  const isByTags =
    action.startsWith("ec2:") &&
    resource !== "*" &&
    operator === "StringEquals" &&
    others.length === 0 &&
    Object.keys(Condition.StringEquals ?? {}).every((key) =>
      /^aws:(?:Request|Resource)Tag\/(?:Name|project|stack)$/.test(key),
    );
  return isByTags ? JSON.stringify(Condition) : "";
}

function withoutResource(same: readonly Group[]) {
  const Resource = [...new Set(same.flatMap((it) => it.Resource))].sort();
  return (group: Group): Group => ({ ...group, Resource });
}

/** @param joined the field whose values are joined if the groups are otherwise equal */
function merged(groups: readonly Group[], joined: "Action" | "Resource"): Group[] {
  const key = (group: Group) => JSON.stringify({ ...group, [joined]: [] });
  return Object.values(Object.groupBy(groups, key)).flatMap((same = []) => {
    const [first] = same;
    return first ? [{ ...first, [joined]: [...new Set(same.flatMap((it) => it[joined]))].sort() }] : [];
  });
}

function split(statements: readonly Statement[]): PolicyDocument[] {
  const documents: Statement[][] = [];
  for (const statement of statements) {
    const last = documents.at(-1);
    if (last && lengthOf(document([...last, statement])) <= maxPolicyLength) last.push(statement);
    else documents.push([statement]);
  }
  return documents.map(document);
}

function document(Statement: readonly Statement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement };
}

export function lengthOf(policy: PolicyDocument): number {
  return JSON.stringify(policy).length;
}
