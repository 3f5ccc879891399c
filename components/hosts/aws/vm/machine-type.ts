import { isDeepStrictEqual } from "node:util";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import * as pulumi from "@pulumi/pulumi";
import { candidates, machineNear } from "../../../capacity/machines.ts";
import { type CapacityPlan, planCapacity, upstreamsOf } from "../../../capacity/plan.ts";
import type { Problem } from "../../../config/problems.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import type { Question } from "../account.ts";
import type { AwsVmPlan } from "./plan.ts";

const path = "machine.type";

/** The machine that AWS sells, and where. */
export interface FoundMachine {
  readonly capacity: CapacityPlan;
  /** Availability zone of machine, network and disk. */
  readonly zone: string;
  /** Types that `auto` doesn't take, because AWS doesn't sell them in that zone, or didn't when the cache was made. */
  readonly unavailable: readonly string[];
}

/**
 * The least expensive type that carries the workload and is sold, or that of the configuration; and a zone that sells it.
 *
 * A machine that is there keeps its type when AWS begins to sell a less expensive one: see {@link keepUnavailable}.
 *
 * @param subnetZone of an existing subnet. @default that of the stack's disk, if there is one, or one that sells the machine
 */
export async function findMachine(
  question: Question<AwsVmPlan>,
  subnetZone: string | undefined,
): Promise<FoundMachine | undefined> {
  const { plan, region, lookUp } = question;
  const { type, architecture = "arm64" } = region.machine;
  const isAuto = type === "auto";
  const types = isAuto ? candidates("aws", architecture).map((machine) => machine.type) : [type];
  const offers = await findOffers(types, question);
  if (!offers) return undefined;
  const fixedZone = subnetZone ?? (await previousZone(region.name));
  const isSold = (one: string, zone = fixedZone) =>
    zone === undefined ? offers.has(one) : offers.get(one)?.includes(zone) === true;
  if (!types.some((one) => isSold(one))) {
    const near = isAuto ? undefined : machineNear("aws", type);
    const what = isAuto ? `no known ${architecture} type` : type + (near ? ` (did you mean "${near}"?)` : "");
    lookUp.refuse(path, notSold(what, region.name, fixedZone, isAuto ? [] : offers.get(type)));
    if (fixedZone === undefined) return undefined;
  }
  const zone = fixedZone ?? firstZone(plan, types, offers);
  // From here on in the zone, as in all later updates.
  const now = types.filter((one) => !isSold(one, zone));
  const before = isAuto ? await previouslyUnavailable(region.name) : [];
  const kept = types.filter((one) => now.includes(one) || before.includes(one));
  // Of what isn't sold at all, a machine that is there keeps what it has.
  const unavailable = [kept, now, before].find((none) => none.length < types.length) ?? [];
  const capacity = capacityWithout(plan, unavailable);
  if (zone === undefined) throw new RangeError(`${region.name}: no plan with what is sold`);
  const [usual, chosen] = [plan.capacity.machine.type, capacity.machine.type];
  if (chosen !== usual) lookUp.warn(path, substitution(usual, chosen, fixedZone ?? region.name));
  // Of the others, the plan has warned.
  const isNew = (warning: Problem) => !plan.capacity.warnings.some((it) => isDeepStrictEqual(it, warning));
  for (const { path, message } of capacity.warnings.filter(isNew)) lookUp.warn(path, message);
  return { capacity, zone, unavailable };
}

/** Of the type that `auto` takes when the zone is free. */
function firstZone(plan: AwsVmPlan, types: readonly string[], offers: Offers): string | undefined {
  const unavailable = types.filter((type) => !offers.has(type));
  return offers.get(capacityWithout(plan, unavailable).machine.type)?.[0];
}

function notSold(
  what: string,
  region: string,
  zone: string | undefined,
  zones: readonly string[] = [],
): string {
  if (zone === undefined) {
    return `${what} isn't offered in ${region}: set another, or leave it to \`auto\` with another \`machine.architecture\``;
  }
  const elsewhere = zones.length > 0 ? `, only in ${zones.join(", ")}` : "";
  return `${what} isn't offered in ${zone}, where network and disk are${elsewhere}: set another`;
}

/** What `auto` takes in the place of what it takes elsewhere. */
function substitution(usual: string, type: string, place: string): string {
  return `${usual} isn't offered in ${place}, or wasn't when the cache was made. The machine is ${type}. The estimate of costs counts ${usual}`;
}

/** @param unavailable types that AWS doesn't sell at the place. */
function capacityWithout(
  { region, workload, upstreams, capacity }: AwsVmPlan,
  unavailable: readonly string[],
): CapacityPlan {
  if (unavailable.length === 0) return capacity;
  return planCapacity({ cloud: "aws", region, workload, ...upstreamsOf(upstreams), unavailable }).plan;
}

/** Per type that the region has its zones, sorted; types without any aren't in it. */
type Offers = ReadonlyMap<string, readonly string[]>;

async function findOffers(
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
    // Local Zones have other names.
    if (!/^[a-z]$/.test(zone.slice(region.name.length))) continue;
    offers.set(type, [...(offers.get(type) ?? []), zone].sort());
  }
  return offers;
}

/** Of the disk that the stack has made for the region, or of the subnet for it. */
async function previousZone(region: string): Promise<string | undefined> {
  for (const type of ["aws:ebs/volume:Volume", "aws:ec2/subnet:Subnet"]) {
    const previous = await previousOutputs<{ availabilityZone: string }>(type);
    const zone = previous.get(region)?.availabilityZone;
    if (zone !== undefined) return zone;
  }
  return undefined;
}

function stashOf(region: string): string {
  return `${region}-unavailable-types`;
}

async function previouslyUnavailable(region: string): Promise<string[]> {
  const stashes = await previousOutputs<{ output: string[] }>("pulumi:index:Stash");
  return stashes.get(stashOf(region))?.output ?? [];
}

/** Keeps in the stack what wasn't sold when `auto` chose the machine: another type stops it. Where all is sold, there is nothing to keep. */
export function keepUnavailable(
  name: string,
  { unavailable }: Pick<FoundMachine, "unavailable">,
  options: pulumi.CustomResourceOptions,
): void {
  if (unavailable.length === 0) return;
  new pulumi.Stash(stashOf(name), { input: [...unavailable] }, { ...options, ignoreChanges: ["input"] });
}
