import type { Problem } from "../config/problems.ts";
import {
  type Limit,
  type MachineLimitName,
  machineLimits,
  type Setting,
  strain,
  suffices,
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
  /** None of a type that the tables don't have. */
  readonly limits: readonly Limit<MachineLimitName>[];
  /** What can't be as it is asked for: the choice is then without it. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const path = "machine.type";

/**
 * The least expensive machine that carries the workload on its sustained limits, or a given one, checked against the same if its limits
 * are known.
 *
 * A workload that no machine carries gets the one that comes closest, with a warning: the cache is then slower than asked for, not broken.
 * @param region where it is, for the machines that some regions lack.
 */
export function planMachine(request: MachineRequest, region: string, setting: Setting): MachineChoice {
  if (request.type === "auto") return automatic(request.architecture ?? "arm64", setting);
  const machine = machineNamed(setting.cloud, request.type);
  return machine ? given(machine, request, region, setting) : unlisted(request, setting.cloud);
}

function automatic(architecture: Architecture, setting: Setting): MachineChoice {
  const machine = best(architecture, setting);
  const limits = machineLimits(machine, setting);
  const [worst] = shortfalls(limits);
  const warnings = worst
    ? [
        {
          path,
          message: `no known ${architecture} machine sustains the workload; ${machine.type} comes closest: it ${shortfallText(worst)}. ${lessLoad}`,
        },
      ]
    : [];
  return { machine, limits, problems: [], warnings };
}

/** The way out where no machine is large enough. */
const lessLoad =
  "Allow more time (`workload.peakMinutes`), split the region, or let a bucket deliver (`storage: { kind: bucket, delivery: redirect }`)";

const cloudNames: Readonly<Record<Cloud, string>> = { aws: "AWS", azure: "Azure" };

/** A type that is newer than the tables, or misspelt: which of the two, the cloud knows. */
function unlisted({ type, architecture }: MachineRequest, cloud: Cloud): MachineChoice {
  const near = isMachineName(cloud, type) ? undefined : machineNear(cloud, type);
  const message =
    `the limits of "${type}" aren't known${near ? ` (the nearest known name: ${near})` : ""}. If ${cloudNames[cloud]} has the type, it is used: ` +
    "whether its network, processor and memory sustain the workload isn't checked, and the disk is planned as if no pull came from memory";
  return {
    machine: { type, architecture: architecture ?? architectureOf(cloud, type) },
    limits: [],
    problems: [],
    warnings: [{ path, message }],
  };
}

function given(
  machine: Machine,
  { architecture = machine.architecture }: MachineRequest,
  region: string,
  setting: Setting,
): MachineChoice {
  const { type } = machine;
  const limits = machineLimits(machine, setting);
  const better = best(machine.architecture, setting);
  const itsLimits = machineLimits(better, setting);
  const isBetter = worstStrain(itsLimits) < worstStrain(limits);
  const warnings = shortfalls(limits).map((limit) => {
    // One that is better on the whole may have less of just this, or not be limited by it.
    const its = itsLimits.find(({ name }) => name === limit.name);
    const hasMore = isBetter && (!its || strain(its) < strain(limit));
    const way = hasMore ? `better: ${better.type}` : `no known machine sustains the workload. ${lessLoad}`;
    return { path, message: `${type} ${shortfallText(limit)}; ${way}` };
  });
  if (machine.missingIn.includes(region)) {
    const message = `${type} was not in the price list of ${region} on 2025-05-28: see whether it is offered there; ${better.type} is`;
    warnings.push({ path, message });
  }
  const message = `is ${architecture}, but ${type} is ${machine.architecture}: change one of them, or leave this out`;
  const problems = architecture === machine.architecture ? [] : [{ path: "machine.architecture", message }];
  return { machine, limits, problems, warnings };
}

/** The least expensive that carries the workload, or of those that come closest. */
function best(architecture: Architecture, setting: Setting): Machine {
  const all = candidates(setting.cloud, architecture, setting.unavailable);
  const worst = (machine: Machine) => worstStrain(machineLimits(machine, setting));
  return (
    all.find((machine) => carries(machine, setting)) ??
    all.reduce((one, other) => (worst(other) < worst(one) ? other : one))
  );
}

export function carries(machine: Machine, setting: Setting): boolean {
  return machineLimits(machine, setting).every(suffices);
}

function worstStrain(limits: readonly Limit[]): number {
  return Math.max(...limits.map(strain));
}

/** What a machine has too little of, the worst first. */
function shortfalls(limits: readonly Limit<MachineLimitName>[]): Limit<MachineLimitName>[] {
  return limits.filter((limit) => !suffices(limit)).sort((one, other) => strain(other) - strain(one));
}

/** The predicate of a sentence. */
function shortfallText(limit: Limit<MachineLimitName>): string {
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
