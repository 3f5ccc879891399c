import type { Problem } from "../config/problems.ts";
import { previousOutputs } from "./previous-outputs.ts";

type Topology = "vm" | "cluster";

/**
 * That a region stays what it is: of another topology, it would have the same names, which are taken until the old one is gone.
 *
 * @param hosts the type of the host of each topology.
 * @returns problems whose path is relative to the region.
 */
export async function topologyProblems(
  { name, topology }: { readonly name: string; readonly topology: Topology },
  hosts: Readonly<Record<Topology, string>>,
): Promise<Problem[]> {
  const other = topology === "vm" ? "cluster" : "vm";
  if (!(await previousOutputs(hosts[other], "address")).has(name)) return [];
  const message = `the region is a \`${other}\`, and its names are taken as long as it is there: destroy it first, by \`pulumi destroy\` or an update without it`;
  return [{ path: "topology", message }];
}
