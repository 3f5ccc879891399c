import { isDeepStrictEqual } from "node:util";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType.js";
import * as pulumi from "@pulumi/pulumi";
import { candidates, machineNamed, machineNear } from "../../../capacity/machines.ts";
import { type CapacityPlan, planCapacity, upstreamsOf } from "../../../capacity/plan.ts";
import type { Problem } from "../../../config/problems.ts";
import { previousResource } from "../../previous-outputs.ts";
import type { Question } from "../account.ts";
import { findOffers } from "../offers.ts";
import { checkVCpus, isStandard } from "../quotas.ts";
import type { AwsVmPlan } from "./plan.ts";

const path = "machine.type";

/** The machine type that AWS sells, and its zone. */
export interface FoundMachine {
  readonly capacity: CapacityPlan;
  /** Availability zone of the machine, the network and the disk. */
  readonly zone: string;
  /** Types that `auto` skips, because AWS doesn't sell them in that zone, or didn't when the cache was created. */
  readonly unavailable: readonly string[];
}

/**
 * Finds the least expensive sold type that can carry the workload, or the configured type, and a zone where it is sold.
 *
 * An existing machine keeps its type when AWS starts to sell a less expensive one: see {@link keepUnavailable}.
 *
 * @param subnetZone the existing subnet's zone. @default the zone of the stack's disk, or the first zone that sells the machine
 */
export async function findMachine(
  question: Question<AwsVmPlan>,
  subnetZone: string | undefined,
): Promise<FoundMachine | undefined> {
  const { plan, region, lookUp } = question;
  const { type, architecture = "arm64" } = region.machine;
  const isAuto = type === "auto";
  const types = isAuto ? candidates("aws", architecture).map((machine) => machine.type) : [type];
  const offers = await findOffers(path, types, question);
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
  // A new cache is in the first zone that sells the type that `auto` selects.
  const notOffered = types.filter((one) => !offers.has(one));
  const zone = fixedZone ?? offers.get(capacityWithout(plan, notOffered).machine.type)?.[0];
  // From here on, only this zone counts, as in all later updates.
  const now = types.filter((one) => !isSold(one, zone));
  const stash = await previousResource<{ output: string[] }>("pulumi:index:Stash", stashOf(region.name));
  const before = (isAuto && stash?.output) || [];
  const kept = types.filter((one) => now.includes(one) || before.includes(one));
  // Without any sold type, an existing machine keeps its own.
  const unavailable = [kept, now, before].find((none) => none.length < types.length) ?? [];
  const capacity = capacityWithout(plan, unavailable);
  if (zone === undefined) throw new RangeError(`${region.name}: no plan with what is sold`);
  const [usual, chosen] = [plan.capacity.machine.type, capacity.machine.type];
  const place = fixedZone ?? region.name;
  if (chosen !== usual)
    lookUp.warn(
      path,
      `${usual} isn't offered in ${place}, or wasn't when the cache was made. The machine is ${chosen}. The estimate of costs counts ${usual}`,
    );
  // The plan has already reported the other warnings.
  const isNew = (warning: Problem) => !plan.capacity.warnings.some((it) => isDeepStrictEqual(it, warning));
  for (const { path, message } of capacity.warnings.filter(isNew)) lookUp.warn(path, message);
  return { capacity, zone, unavailable };
}

/** Checks the quota of vCPUs. Otherwise, EC2 refuses the machine after the old one was deleted or stopped. */
export async function checkMachineQuota(question: Question, type: string): Promise<void> {
  if (!isStandard(type)) return;
  const { region, options } = question;
  await checkVCpus(question, path, async () => {
    const machine = await previousResource<{ instanceType: string }>(
      "aws:ec2/instance:Instance",
      region.name,
    );
    const previous = machine?.instanceType;
    const [vCpus, own] = await Promise.all([
      vCpusOf(type, options),
      previous !== undefined && isStandard(previous) ? vCpusOf(previous, options) : 0,
    ]);
    return { own, required: { vCpus, who: `${type} needs ${vCpus}` } };
  });
}

async function vCpusOf(type: string, options: pulumi.InvokeOptions): Promise<number> {
  const known = machineNamed("aws", type);
  return known ? known.vCpu : (await getInstanceType({ instanceType: type }, options)).defaultVcpus;
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

/** @param unavailable types that AWS doesn't sell at the place */
function capacityWithout(
  { region, workload, upstreams, capacity }: AwsVmPlan,
  unavailable: readonly string[],
): CapacityPlan {
  if (unavailable.length === 0) return capacity;
  return planCapacity({ cloud: "aws", region, workload, ...upstreamsOf(upstreams), unavailable }).plan;
}

/** The zone of the disk or the subnet that the stack created for the region. */
async function previousZone(region: string): Promise<string | undefined> {
  for (const type of ["aws:ebs/volume:Volume", "aws:ec2/subnet:Subnet"]) {
    const previous = await previousResource<{ availabilityZone: string }>(type, region);
    if (previous?.availabilityZone !== undefined) return previous.availabilityZone;
  }
  return undefined;
}

function stashOf(region: string): string {
  return `${region}-unavailable-types`;
}

/** Stores the types that weren't sold when `auto` selected the machine, because a change of the type stops the machine. If all types are sold, there is nothing to store. */
export function keepUnavailable(
  name: string,
  { unavailable }: Pick<FoundMachine, "unavailable">,
  options: pulumi.CustomResourceOptions,
): void {
  if (unavailable.length === 0) return;
  new pulumi.Stash(stashOf(name), { input: [...unavailable] }, { ...options, ignoreChanges: ["input"] });
}
