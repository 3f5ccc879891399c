import { previousOutputs } from "../previous-outputs.ts";

/** What the last update of this stack left of a region, where the next one depends on it. */
export interface Previous {
  readonly disk?: Placed | undefined;
  readonly address?: Placed | undefined;
  /** Names of the secrets in the region's vault. */
  readonly secrets: readonly string[];
}

/** Something in availability zones, which it can't leave. */
export interface Placed {
  readonly name: string;
  /** Sorted; empty in a region without zones. */
  readonly zones: readonly string[];
}

/** @param region its name, with which the names of its resources begin. */
export async function previousOf(region: string): Promise<Previous> {
  const [disk, address, secrets] = await Promise.all([
    placed("azure-native:compute:Disk", region),
    placed("azure-native:network:PublicIPAddress", region),
    previousOutputs("azure-native:keyvault:Secret", "name"),
  ]);
  const own = [...secrets].filter(([resource]) => resource.startsWith(`${region}-`));
  return { disk, address, secrets: own.map(([, name]) => String(name)) };
}

async function placed(type: string, region: string): Promise<Placed | undefined> {
  const [names, zones] = await Promise.all([previousOutputs(type, "name"), previousOutputs(type, "zones")]);
  const name = names.get(region);
  if (typeof name !== "string") return undefined;
  // Azure gives them in any order.
  return { name, zones: ((zones.get(region) ?? []) as string[]).toSorted() };
}
