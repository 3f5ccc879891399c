/** The account that a stack is in, and what in it is the stack's. */
import { type Resource, textsIn } from "../resources.ts";
import { rows } from "./actions.ts";

/** Resource types of EC2 by the beginnings of their IDs: what a stack has none of its own of, it was told to use. Of security groups, others are clients only. */
const idPrefixes: Readonly<Record<string, string>> = {
  vpc: "vpc",
  subnet: "subnet",
  rtb: "route-table",
};

export interface Place {
  readonly account: string;
  /** Of EC2: the resource types of which the stack makes some. */
  readonly made: ReadonlySet<string>;
  /** Of EC2: the IDs of what the stack uses and hasn't made, by resource type. */
  readonly adopted: ReadonlyMap<string, readonly string[]>;
}

export function placeOf(account: string, resources: readonly Resource[]): Place {
  const own = new Set(resources.map(({ id }) => id));
  const ids = resources
    .flatMap(({ inputs }) => textsIn(inputs))
    .filter((text) => /^[a-z]+-[0-9a-f]{8,17}$/.test(text) && !own.has(text));
  return {
    account,
    made: new Set(resources.flatMap(({ type }) => rows[type]?.own ?? [])),
    adopted: Map.groupBy([...new Set(ids)].sort(), (id) => idPrefixes[id.split("-")[0] ?? ""] ?? ""),
  };
}

/** The component of a region has the region's name. */
export function regionOf({ name, provider, inputs }: Resource): string {
  return String(provider.region ?? inputs.region ?? name);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** The account of which a stack's resources speak, if it is one. */
export function accountIn(resources: readonly Resource[]): string | undefined {
  const arns = resources.flatMap(({ id = "", inputs }) => textsIn({ id, inputs }));
  const accounts = arns.flatMap(
    (text) => text.match(/arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/)?.[1] ?? [],
  );
  return new Set(accounts).size === 1 ? accounts[0] : undefined;
}
