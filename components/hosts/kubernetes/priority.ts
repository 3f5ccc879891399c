import type { Problem } from "../../config/problems.ts";
import { classProblems } from "./classes.ts";
import type { Question } from "./question.ts";

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
