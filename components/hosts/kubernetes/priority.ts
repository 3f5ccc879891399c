import type { V1PriorityClass } from "@kubernetes/client-node";
import { hint, type Problem } from "../../config/problems.ts";
import { allOf, namesOf } from "./cluster-api.ts";
import type { Question } from "./question.ts";

const classes = { group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses" } as const;

/** Whether the PriorityClass is there: without it, no Pod is made, and the roll-out waits. */
export async function priorityProblems({ region, api }: Question): Promise<Problem[]> {
  const { priorityClassName: name } = region.scheduling;
  if (name === undefined) return [];
  const known: readonly V1PriorityClass[] | null = await allOf(api.custom.listClusterCustomObject(classes));
  if (known === null) return [];
  const names = namesOf(known);
  if (names.includes(name)) return [];
  const message = `the cluster has no PriorityClass "${name}": ${hint(name, names)}`;
  return [{ path: "scheduling.priorityClassName", message }];
}
