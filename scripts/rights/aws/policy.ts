/** The IAM policies with which a stack can be deployed, or only previewed. */
import type { Resource, RightsRequest } from "../resources.ts";
import { rows } from "./actions.ts";
import { type Condition, type Permit, permitsOf } from "./permits.ts";
import { placeOf } from "./place.ts";
import { narrowed, specialPermits } from "./special.ts";

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
 * @returns as few documents as AWS takes; all of them together are the rights.
 * @throws RangeError for a resource of which the table doesn't know what it needs.
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
    const narrow = (permit: Permit) => ({
      ...permit,
      condition: narrowed(permit, resource, boundaries),
    });
    const special = specialPermits(resource, resources, { stack, place });
    return [
      ...(await permitsOf(resource, stack, place)).map(narrow),
      ...special.map((it) => ({ ...it, isRead: /:(?:Describe|Get|List)/.test(it.action) })),
    ];
  });
  const all = (await Promise.all(permits)).flat();
  return split(statementsOf(isReadOnly ? all.filter(({ isRead }) => isRead) : all));
}

/** With what only another resource tells: of a setting of a bucket whose name AWS completes, its beginning; of what a role has, the role's path. */
function completed(resources: readonly Resource[]): Resource[] {
  const prefixes = resources.flatMap(({ inputs, provider }) =>
    inputs.bucketPrefix === undefined ? [] : [{ prefix: inputs.bucketPrefix, region: provider.region }],
  );
  const paths = new Map(
    resources.flatMap(({ type, inputs: { name, path } }) =>
      type === "aws:iam/role:Role" && path !== undefined ? [[name, path] as const] : [],
    ),
  );
  return resources.map((resource) => {
    const { type, inputs, provider } = resource;
    if (type.startsWith("aws:iam/rolePolicy"))
      return { ...resource, inputs: { ...inputs, path: paths.get(inputs.role) } };
    if (!type.startsWith("aws:s3/") || inputs.bucket !== undefined) return resource;
    const found = prefixes.find(({ region }) => region === provider.region);
    return { ...resource, inputs: { bucketPrefix: found?.prefix, ...inputs } };
  });
}

/** Of all roles: while it is changed, the one before and the one after. */
function boundariesOf(resources: readonly Resource[]): string[] {
  return [...new Set(resources.flatMap(({ inputs }) => (inputs.permissionsBoundary as string) ?? []))];
}

type Group = Pick<Statement, "Action" | "Resource"> & { readonly Condition: Condition };

/** What differs in its resources alone, or in its actions alone, is one statement. */
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

/** Leaves room for what a policy has around a statement. */
const maxGroupLength = maxPolicyLength - 200;

/** Halves of what alone is too long. */
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

/** Of what EC2 tells by its tags: each action has the resource types that it has, so all are one statement. */
function tagKey({ Action: [action = ""], Resource: [resource], Condition }: Group): string {
  const [operator = "", ...others] = Object.keys(Condition);
  const isByTags =
    action.startsWith("ec2:") &&
    resource !== "*" &&
    operator === "StringEquals" &&
    others.length === 0 &&
    Object.keys(Condition.StringEquals ?? {}).every((key) =>
      /^aws:(?:Request|Resource)Tag\/(?:project|stack)$/.test(key),
    );
  return isByTags ? JSON.stringify(Condition) : "";
}

function withoutResource(same: readonly Group[]) {
  const Resource = [...new Set(same.flatMap((it) => it.Resource))].sort();
  return (group: Group): Group => ({ ...group, Resource });
}

/** @param joined of what is otherwise the same, all values of this. */
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
