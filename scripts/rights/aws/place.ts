/** The account of a stack, and which resources in it the stack has created. */
import { textsIn } from "../../../components/config/as-written.ts";
import type { Resource } from "../resources.ts";
import { rows } from "./actions.ts";

/** Resource types of EC2, by the prefixes of their IDs. Any such ID that the stack didn't create is one that it is configured to use. Security groups aren't listed: foreign ones are only clients. */
const idPrefixes: Readonly<Record<string, string>> = { vpc: "vpc", subnet: "subnet", rtb: "route-table" };

/**
 * Resource types of which EC2 also creates some without tags: a network's default group, a machine's root disk. A stack tags these later, and so it can tag those of others. Its rights over
 * what it creates itself also require the `Name`, which it can give only in the creation: see claims in special.ts.
 */
const claimable = ["security-group", "volume"];

export interface Place {
  readonly account: string;
  /** The resource types of EC2 of which the stack creates at least one resource. Those of a claimable type have a `Name`. */
  readonly made: ReadonlySet<string>;
  /** The `Name`s of these resources, for each claimable type. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** The IDs of EC2 resources that the stack uses but didn't create, by resource type. */
  readonly adopted: ReadonlyMap<string, readonly string[]>;
}

export function placeOf(account: string, resources: readonly Resource[]): Place {
  const own = new Set(resources.map(({ id }) => id));
  const ids = resources
    .flatMap(({ inputs }) => textsIn(inputs))
    .filter((text) => /^[a-z]+-[0-9a-f]{8,17}$/.test(text) && !own.has(text));
  const made = resources.flatMap(({ type, inputs }) => {
    const { own: kind } = rows[type] ?? {};
    const { Name } = (inputs.tags ?? {}) as { Name?: string };
    return kind === undefined || (claimable.includes(kind) && Name === undefined) ? [] : [{ kind, Name }];
  });
  const namesOf = (type: string) => made.flatMap(({ kind, Name }) => (kind === type && Name ? [Name] : []));
  return {
    account,
    made: new Set(made.map(({ kind }) => kind)),
    names: new Map(claimable.map((type) => [type, [...new Set(namesOf(type))].sort()])),
    adopted: Map.groupBy([...new Set(ids)].sort(), (id) => idPrefixes[id.split("-")[0] ?? ""] ?? ""),
  };
}

/** A region's component has no provider; its name is the region's. */
export function regionOf({ name, provider, inputs }: Resource): string {
  return String(provider.region ?? inputs.region ?? name);
}

/** The account that a stack's resources mention, if they mention exactly one. */
export function accountIn(resources: readonly Resource[]): string | undefined {
  const arns = resources.flatMap(({ id = "", inputs }) => textsIn({ id, inputs }));
  const accounts = arns.flatMap(
    (text) => text.match(/arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/)?.[1] ?? [],
  );
  return new Set(accounts).size === 1 ? accounts[0] : undefined;
}
