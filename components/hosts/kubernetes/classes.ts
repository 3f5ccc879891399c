import type { KubernetesObject } from "@kubernetes/client-node";
import { hint, type Problem } from "../../config/problems.ts";
import { allOf, type ClusterApi, namesOf, type Question } from "./cluster-api.ts";

/** A kind of the whole cluster, whose objects are chosen by their names. */
interface ClassKind {
  readonly kind: string;
  readonly group: string;
  readonly plural: string;
}

/** Whether the cluster has the class, where it may be known. @param path the setting that names it */
export async function classProblems(
  api: ClusterApi,
  { kind, group, plural }: ClassKind,
  name: string | undefined,
  path: string,
): Promise<Problem[]> {
  if (name === undefined) return [];
  const request = { group, version: "v1", plural };
  const known: readonly KubernetesObject[] | null = await allOf(api.custom.listClusterCustomObject(request));
  if (known === null) return [];
  const names = namesOf(known);
  return names.includes(name)
    ? []
    : [{ path, message: `the cluster has no ${kind} "${name}": ${hint(name, names)}` }];
}

const priorityClasses = {
  kind: "PriorityClass",
  group: "scheduling.k8s.io",
  plural: "priorityclasses",
} as const;

/** Whether the PriorityClass is there: without it, no Pod is made, and the roll-out waits. */
export function priorityProblems({ region, api }: Question): Promise<Problem[]> {
  return classProblems(
    api,
    priorityClasses,
    region.scheduling.priorityClassName,
    "scheduling.priorityClassName",
  );
}
