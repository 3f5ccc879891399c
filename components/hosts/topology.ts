import type { Problem } from "../config/problems.ts";
import { previousOutputs } from "./previous-outputs.ts";

/**
 * That a region stays what it is: of another topology, it would have the same names, which are taken until the old one is gone.
 *
 * @param other the type of the host of the other topology.
 * @returns problems whose path is relative to the region.
 */
export async function topologyProblems(
  { name, topology }: { readonly name: string; readonly topology: "vm" | "cluster" },
  other: string,
): Promise<Problem[]> {
  if (!(await previousOutputs(other)).has(name)) return [];
  const message = `the region is a \`${topology === "vm" ? "cluster" : "vm"}\`, and its names are taken as long as it exists: destroy it first, by \`pulumi destroy\` or an update without it`;
  return [{ path: "topology", message }];
}
