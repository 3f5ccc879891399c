import type { KubernetesObject } from "@kubernetes/client-node";
import { hint, type Problem } from "../../config/problems.ts";
import { allOf, type ClusterApi, namesOf, type Question } from "./cluster-api.ts";

/** A cluster-scoped kind whose objects the configuration refers to by name. */
interface ClassKind {
  readonly kind: string;
  readonly group: string;
  readonly plural: string;
}

/** Refuses a class that the cluster doesn't have. If the user may not list classes, finds nothing. @param path the setting that names the class */
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

/** Refuses a missing PriorityClass, because then no Pod is created and the roll-out hangs. */
export function priorityProblems({ region, api }: Question): Promise<Problem[]> {
  return classProblems(
    api,
    priorityClasses,
    region.scheduling.priorityClassName,
    "scheduling.priorityClassName",
  );
}
