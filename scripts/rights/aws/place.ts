/** The account of a stack, and which resources in it the stack has created. */
import { textsIn } from "../../../components/config/as-written.ts";
import type { Resource } from "../resources.ts";
import { rows } from "./actions.ts";

/** Resource types of EC2, by the prefixes of their IDs. Any such ID that the stack didn't create is one that it is configured to use. Security groups aren't listed: foreign ones are only clients. */
const idPrefixes: Readonly<Record<string, string>> = { vpc: "vpc", subnet: "subnet", rtb: "route-table" };

export interface Place {
  readonly account: string;
  /** The resource types of EC2 of which the stack creates at least one resource. */
  readonly made: ReadonlySet<string>;
  /** The IDs of EC2 resources that the stack uses but didn't create, by resource type. */
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

/** A region's component has no provider; its name is the region's. */
export function regionOf({ name, provider, inputs }: Resource): string {
  return String(provider.region ?? inputs.region ?? name);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** The account that a stack's resources mention, if they mention exactly one. */
export function accountIn(resources: readonly Resource[]): string | undefined {
  const arns = resources.flatMap(({ id = "", inputs }) => textsIn({ id, inputs }));
  const accounts = arns.flatMap(
    (text) => text.match(/arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/)?.[1] ?? [],
  );
  return new Set(accounts).size === 1 ? accounts[0] : undefined;
}
