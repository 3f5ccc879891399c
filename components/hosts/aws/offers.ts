import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import type { Question } from "./account.ts";

/** For each type that the region sells, its zones, sorted. Types that aren't sold are missing. */
export type Offers = ReadonlyMap<string, readonly string[]>;

/** @param path of the configuration entry that decides on the types, relative to the region */
export async function findOffers(
  path: string,
  types: readonly string[],
  { region, lookUp, options }: Question,
): Promise<Offers | undefined> {
  const filters = [{ name: "instance-type", values: [...types] }];
  const answer = await lookUp.ask(
    path,
    "what AWS offers",
    getInstanceTypeOfferings({ locationType: "availability-zone", filters }, options),
  );
  if (!answer) return undefined;
  const offers = new Map<string, string[]>();
  for (const [index, type] of answer.instanceTypes.entries()) {
    const zone = answer.locations[index] ?? "";
    // Skips Local Zones, whose names have another form.
    if (!/^[a-z]$/.test(zone.slice(region.name.length))) continue;
    offers.set(type, [...(offers.get(type) ?? []), zone].sort());
  }
  return offers;
}
