import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Problem } from "./problems.ts";

/** The error as one that Pulumi shows without a stack trace. It keeps its `problems`, for programs. */
export function runError({ message, problems }: ConfigError): pulumi.RunError {
  return Object.assign(new pulumi.RunError(message), { problems });
}

/**
 * Ends the program where something is wrong.
 * @param note said below the problems
 * @throws pulumi.RunError: see runError()
 */
export function refuse(problems: readonly Problem[], note?: string): void {
  if (problems.length > 0) throw runError(new ConfigError(problems, note));
}

/**
 * Shows what is accepted, and is probably not what was meant, or should soon be otherwise.
 * @param region whose name goes before the paths. @default none: they are the stack's
 * @param resource that Pulumi shows them with. @default the stack
 */
export function warn(warnings: readonly Problem[], region?: string, resource?: pulumi.Resource): void {
  const prefix = region === undefined ? "" : `${region}: `;
  for (const { path, message } of warnings) void pulumi.log.warn(`${prefix}${path}: ${message}`, resource);
}
