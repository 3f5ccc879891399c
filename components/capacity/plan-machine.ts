import type { Problem } from "../config/problems.ts";
import type { Demand } from "./demand.ts";
import {
  type MachineLimitName,
  machineLimits,
  memoryFloorGiB,
  type Setting,
  strain,
  suffices,
  type Unbound,
} from "./limits.ts";
import { type Architecture, architectureOf, type Cloud, type Machine, type MachineType } from "./machine.ts";
import { candidates, isMachineName, machineNamed, machineNear } from "./machines.ts";
import { number, quantity } from "./text.ts";

/** The `machine` of a region in the configuration. */
export interface MachineRequest {
  readonly type: string;
  /** @default that of `type`, and arm64 for `auto` */
  readonly architecture?: Architecture;
}

export interface MachineChoice {
  readonly machine: MachineType;
  /** Its limits. Absent for a type that the tables don't have. */
  readonly figures?: Machine;
  readonly reasons: string[];
  readonly warnings: Problem[];
}

const path = "machine.type";

/**
 * The least expensive machine that carries the workload on its sustained limits, or a given one, checked against the same if its limits
 * are known.
 *
 * A workload that no machine carries gets the one that comes closest, with a warning: the cache is then slower than asked for, not broken.
 * @param region where it is, for the machines that some regions lack.
 */
export function planMachine(
  request: MachineRequest,
  region: string,
  setting: Setting,
): { choice: MachineChoice; problems: [] } | { choice?: never; problems: Problem[] } {
  const { cloud } = setting;
  if (request.type === "auto")
    return { choice: automatic(request.architecture ?? "arm64", setting), problems: [] };
  const machine = machineNamed(cloud, request.type);
  if (!machine) return { choice: unlisted(request, setting), problems: [] };
  const { architecture = machine.architecture } = request;
  if (architecture !== machine.architecture) {
    const message = `is ${architecture}, but ${machine.type} is ${machine.architecture}: change one of them, or leave this out`;
    return { problems: [{ path: "machine.architecture", message }] };
  }
  return { choice: given(machine, region, setting), problems: [] };
}

function automatic(architecture: Architecture, setting: Setting): MachineChoice {
  const all = candidates(setting.cloud, architecture, setting.unavailable);
  const fits = (machine: Machine) => shortfalls(machine, setting).length === 0;
  const at = all.findIndex(fits);
  const machine = all[at];
  const reasons = [trafficReason(setting.demand)];
  if (!machine) {
    const best = closest(all, setting);
    const message = `no ${architecture} machine that is known carries the workload; ${best.type} comes closest: it ${shortfalls(best, setting)[0]?.text}. ${lessLoad}`;
    reasons.push(`Machine: ${best.type} comes closest to what the workload asks for.`);
    return { machine: best, figures: best, reasons, warnings: [{ path, message }] };
  }
  reasons.push(
    `Machine: ${machine.type} is the least expensive ${architecture} machine that sustains the workload.`,
  );
  const below = all[at - 1];
  if (below) reasons.push(`Machine: the next below, ${below.type}, ${shortfalls(below, setting)[0]?.text}.`);
  return { machine, figures: machine, reasons, warnings: [] };
}

/** The way out where no machine is large enough. */
const lessLoad =
  "Allow more time (`workload.peakMinutes`), split the region, or let a bucket deliver (`storage: { kind: bucket, delivery: redirect }`)";

const cloudNames: Readonly<Record<Cloud, string>> = { aws: "AWS", azure: "Azure" };

/** A type that is newer than the tables, or misspelt: which of the two, the cloud knows. */
function unlisted({ type, architecture }: MachineRequest, { cloud, demand }: Setting): MachineChoice {
  const near = isMachineName(cloud, type) ? undefined : machineNear(cloud, type);
  const message =
    `the limits of "${type}" aren't known${near ? ` (the nearest known name: ${near})` : ""}. If ${cloudNames[cloud]} has the type, it is used: ` +
    "whether its network, processor and memory carry the workload isn't checked, and the disk is planned as if no pull came from memory";
  return {
    machine: { type, architecture: architecture ?? architectureOf(cloud, type) },
    reasons: [trafficReason(demand), `Machine: ${type}, as the configuration says; its limits aren't known.`],
    warnings: [{ path, message }],
  };
}

function given(machine: Machine, region: string, setting: Setting): MachineChoice {
  const { cloud, demand, unavailable } = setting;
  const all = candidates(cloud, machine.architecture, unavailable);
  const fits = all.find((other) => shortfalls(other, setting).length === 0);
  const better = fits ?? closest(all, setting);
  const isBetter = worstStrain(better, setting) < worstStrain(machine, setting);
  const warnings = shortfalls(machine, setting).map(({ name, strain, text }) => {
    // One that is better on the whole may have less of just this.
    const hasMore = isBetter && strainOf(better, name, setting) < strain;
    const way = hasMore
      ? `better: ${better.type}`
      : `no machine that is known carries the workload. ${lessLoad}`;
    return { path, message: `${machine.type} ${text}; ${way}` };
  });
  if (machine.missingIn.includes(region)) {
    const message = `${machine.type} was not in the price list of ${region} on 2025-05-28: see whether it is offered there; ${better.type} is`;
    warnings.push({ path, message });
  }
  return {
    machine,
    figures: machine,
    reasons: [trafficReason(demand), `Machine: ${machine.type}, as the configuration says.`],
    warnings,
  };
}

/** The least expensive of those that come closest. */
function closest(all: readonly Machine[], setting: Setting): Machine {
  const worst = (machine: Machine) => worstStrain(machine, setting);
  return all.reduce((best, machine) => (worst(machine) < worst(best) ? machine : best));
}

function worstStrain(machine: Machine, setting: Setting): number {
  return Math.max(...machineLimits(machine, setting).map(strain));
}

/** Of one limit; none where the machine hasn't got it. */
function strainOf(machine: Machine, name: MachineLimitName, setting: Setting): number {
  const limit = machineLimits(machine, setting).find((it) => it.name === name);
  return limit ? strain(limit) : 0;
}

interface Shortfall {
  readonly name: MachineLimitName;
  readonly strain: number;
  /** The predicate of a sentence. */
  readonly text: string;
}

/** What a machine has too little of, the worst first. */
function shortfalls(machine: Machine, setting: Setting): Shortfall[] {
  return machineLimits(machine, setting)
    .filter((limit) => !suffices(limit))
    .sort((one, other) => strain(other) - strain(one))
    .map((limit) => ({ name: limit.name, strain: strain(limit), text: shortfallText(limit) }));
}

function shortfallText(limit: Unbound<MachineLimitName>): string {
  const { name, required, available, unit } = limit;
  if (name === "memory") {
    return `has ${quantity(available, unit)} of memory, and the Pod and the system need ${number(required)}`;
  }
  const of = `${quantity(available, unit)} of the ${number(required)} needed`;
  return `${predicates[name](of)}: that takes ${number(Math.ceil(strain(limit) * 10) / 10)} times as long`;
}

const predicates: Record<Exclude<MachineLimitName, "memory">, (of: string) => string> = {
  network: (of) => `sustains ${of} on its network`,
  "internet gateway": (of) => `gets ${of} through the internet gateway`,
  processor: (of) => `encrypts ${of} in the long run`,
  "machine's disk throughput": (of) => `sustains ${of} to its disk`,
  "machine's disk IOPS": (of) => `sustains ${of} to its disk`,
};

function trafficReason({
  delivery,
  peakNodes,
  peakMinutes,
  peakMbps,
  busyHourMbps,
  pulledGiB,
}: Demand): string {
  const what = delivery === "redirect" ? "Network, without the blobs, which the bucket delivers" : "Network";
  return (
    `${what}: a peak of ${quantity(peakNodes, "nodes")} within ${quantity(peakMinutes, "min")} is ${quantity(peakMbps, "Mbps")}; ` +
    `the busiest hour of a month of ${quantity(pulledGiB, "GiB")} is ${quantity(busyHourMbps, "Mbps")}.`
  );
}

export function memoryReason(
  machine: Machine,
  upstreams: number,
  hotSetGiB: number,
  cacheGiB: number,
): string {
  const holds = hotSetGiB <= cacheGiB ? "holds" : "doesn't hold";
  return (
    `Memory: of ${quantity(machine.memoryGiB, "GiB")}, the Pod and the system need ${number(memoryFloorGiB(upstreams))}; ` +
    `the page cache ${holds} the ${quantity(hotSetGiB, "GiB")} of a peak.`
  );
}
