import type { KubernetesObject } from "@kubernetes/client-node";
import { hint, type Problem } from "../../config/problems.ts";
import { allOf, type ClusterApi, namesOf, type Question } from "./cluster-api.ts";

/** Cluster-scoped kinds whose objects the configuration refers to by name. */
const kinds = {
  IngressClass: { group: "networking.k8s.io", version: "v1", plural: "ingressclasses" },
  PriorityClass: { group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses" },
} as const;

/** Refuses a class that the cluster doesn't have. If the user may not list classes, finds nothing. @param path the setting that names the class */
export async function classProblems(
  api: ClusterApi,
  kind: keyof typeof kinds,
  name: string | undefined,
  path: string,
): Promise<Problem[]> {
  if (name === undefined) return [];
  const known: readonly KubernetesObject[] | null = await allOf(
    api.custom.listClusterCustomObject(kinds[kind]),
  );
  const names = namesOf(known ?? []);
  if (known === null || names.includes(name)) return [];
  return [{ path, message: `the cluster has no ${kind} "${name}": ${hint(name, names)}` }];
}

/** Refuses a missing PriorityClass, because then no Pod is created and the roll-out hangs. */
export function priorityProblems({ region, api }: Question): Promise<Problem[]> {
  const { priorityClassName } = region.scheduling;
  return classProblems(api, "PriorityClass", priorityClassName, "scheduling.priorityClassName");
}
