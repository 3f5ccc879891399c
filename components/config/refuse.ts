import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Problem } from "./problems.ts";

/**
 * Ends the program where something is wrong.
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new pulumi.RunError(new ConfigError(problems).message);
}
