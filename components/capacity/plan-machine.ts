import type { Problem } from "../config/problems.ts";
import {
  type Limit,
  type LimitName,
  type MachineLimitName,
  machineLimits,
  type Setting,
  strain,
  suffices,
} from "./limits.ts";
import { type Architecture, architectureOf, type Cloud, type Machine, type MachineType } from "./machine.ts";
import { candidates, isMachineName, machineNamed, machineNear } from "./machines.ts";
import { number, quantity } from "./text.ts";

/** The key `machine` of a region's configuration. */
export interface MachineRequest {
  readonly type: string;
  /** @default that of `type`, and arm64 for `auto` */
  readonly architecture?: Architecture;
}

export interface MachineChoice {
  readonly machine: MachineType;
  /** Empty for a type that isn't in the tables. */
  readonly limits: readonly Limit<MachineLimitName>[];
  /** What is impossible in the request. The choice ignores it. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const path = "machine.type";

/**
 * Chooses the least expensive machine whose sustained limits suffice for the workload. It checks a given machine against the same limits, if they
 * are known.
 *
 * If no machine sustains the workload, it chooses the closest one and warns. The cache then works, but is slower than requested.
 * @param region the region's name, because some regions lack some machines
 */
export function planMachine(request: MachineRequest, region: string, setting: Setting): MachineChoice {
  if (request.type === "auto") return automatic(request.architecture ?? "arm64", setting);
  const machine = machineNamed(setting.cloud, request.type);
  return machine ? given(machine, request, region, setting) : unlisted(request, setting);
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

/** The advice if no machine is large enough. */
const lessLoad =
  "Allow more time (`workload.peakMinutes`), split the region, or let a bucket deliver (`storage: { kind: bucket, delivery: redirect }`)";

const cloudNames: Readonly<Record<Cloud, string>> = { aws: "AWS", azure: "Azure" };

/** A type that isn't in the tables. It is either newer or misspelt, which only the cloud knows. */
function unlisted({ type, architecture }: MachineRequest, { cloud, cachedGiB }: Setting): MachineChoice {
  const near = isMachineName(cloud, type) ? undefined : machineNear(cloud, type);
  const message =
    `the limits of "${type}" aren't known${near ? ` (the nearest known name: ${near})` : ""}. If ${cloudNames[cloud]} has the type, it is used: ` +
    `whether its network, processor and memory sustain the workload isn't checked${cachedGiB === undefined ? ", and the disk is planned as if no pull came from memory" : ""}`;
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
    // A machine that is better overall may have less of this resource, or may not have this limit.
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

/** The least expensive machine that sustains the workload, or else the least expensive one of those that come closest. */
function best(architecture: Architecture, setting: Setting): Machine {
  return sufficient(candidates(setting.cloud, architecture, setting.unavailable), setting)[0];
}

/** Those of some machines that sustain the workload, or else those that come closest. */
export function sufficient(all: readonly Machine[], setting: Setting): [Machine, ...Machine[]] {
  const strains = all.map((machine) => worstStrain(machineLimits(machine, setting)));
  const most = Math.max(1, Math.min(...strains));
  return all.filter((_, index) => (strains[index] ?? 0) <= most) as [Machine, ...Machine[]];
}

function worstStrain(limits: readonly Limit[]): number {
  return Math.max(...limits.map(strain));
}

/** The limits that a machine doesn't meet, the worst first. */
function shortfalls(limits: readonly Limit<MachineLimitName>[]): Limit<MachineLimitName>[] {
  return limits.filter((limit) => !suffices(limit)).sort((one, other) => strain(other) - strain(one));
}

/** The predicate of a sentence whose subject is the machine. */
function shortfallText(limit: Limit<MachineLimitName>): string {
  const { name, required, available, unit } = limit;
  if (name === "memory") {
    return `has ${quantity(available, unit)} of memory, and the Pod and the system need ${number(required)}`;
  }
  const rate = rateText({ ...limit, name }, "needed");
  return `${rate}: that takes ${number(Math.ceil(strain(limit) * 10) / 10)} times as long`;
}

export type RateName = Exclude<LimitName, "memory">;

/** How much of a rate a machine or a disk, the subject of the sentence, sustains. @param need follows the required rate, such as `needed` */
export function rateText({ name, required, available, unit }: Limit<RateName>, need: string): string {
  return predicates[name](`${quantity(available, unit)} of the ${number(required)} ${need}`);
}

const predicates: Record<RateName, (of: string) => string> = {
  network: (of) => `sustains ${of} on its network`,
  "internet gateway": (of) => `gets ${of} through the internet gateway`,
  processor: (of) => `encrypts ${of} in the long run`,
  "machine's disk throughput": (of) => `sustains ${of} to its disk`,
  "machine's disk IOPS": (of) => `sustains ${of} to its disk`,
  "disk throughput": (of) => `sustains ${of}`,
  "disk IOPS": (of) => `sustains ${of}`,
};
