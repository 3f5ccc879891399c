/** How all commands print problems. */
import type { Problem } from "../../components/config/problems.ts";
import { StepError } from "./steps.ts";

export function problemLine({ path, message }: Problem): string {
  return `✗ ${path}: ${message}`;
}

/** Prints the problems on standard error. If there are any, the exit code becomes 1. */
export function reportProblems(problems: readonly Problem[]): void {
  for (const problem of problems) console.error(problemLine(problem));
  if (problems.length > 0) process.exitCode = 1;
}

/** An error with all problems, for {@link runSteps}. @param note printed below them */
export function problemsError(problems: readonly Problem[], note?: string): StepError {
  // runSteps() prints the first mark.
  const lines = problems.map(problemLine).join("\n").replace(/^✗ /, "");
  return new StepError(note ? `${lines}\n${note}` : lines);
}
