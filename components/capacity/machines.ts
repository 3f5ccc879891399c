import { suggestion } from "../config/problems.ts";
import type { Architecture, Cloud, Machine } from "./machine.ts";
import { awsMachines } from "./machines-aws.ts";
import { azureMachines } from "./machines-azure.ts";

/** The known machines of each cloud, the least expensive first. */
export const machines: Readonly<Record<Cloud, readonly Machine[]>> = {
  aws: awsMachines,
  azure: azureMachines,
};

export function machineNamed(cloud: Cloud, type: string): Machine | undefined {
  return machines[cloud].find((machine) => machine.type === type);
}

/**
 * The machines that `auto` chooses from. All regions of the table offer them, so the same workload gets the same machine in nearly every region.
 * @param unavailable types that the cloud doesn't offer in this place
 */
export function candidates(
  cloud: Cloud,
  architecture: Architecture,
  unavailable: readonly string[] = [],
): Machine[] {
  return machines[cloud].filter(
    (machine) =>
      machine.architecture === architecture &&
      machine.missingIn.length === 0 &&
      !unavailable.includes(machine.type),
  );
}

/**
 * The syntax of machine names. An unknown name with this syntax may be newer than the tables. Any other name is misspelt.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html, https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
 */
const namePatterns: Readonly<Record<Cloud, RegExp>> = {
  aws: /^[a-z][a-z-]*\d[a-z\d-]*\.(?:nano|micro|small|medium|(?:\d*x)?large|metal(?:-\d+xl)?)$/,
  azure: /^Standard_[A-Z]+\d+(?:-\d+)?[a-z]*(?:_[A-Z]\w*)?(?:_v\d+)?$/,
};

export function isMachineName(cloud: Cloud, type: string): boolean {
  return namePatterns[cloud].test(type);
}

/** The known machine whose name resembles an unknown one, or undefined. */
export function machineNear(cloud: Cloud, type: string): string | undefined {
  const known = machines[cloud].map((machine) => machine.type);
  if (known.includes(type)) return undefined;
  // Azure's portal omits the prefix.
  return suggestion(type, known) ?? suggestion(`Standard_${type}`, known);
}
