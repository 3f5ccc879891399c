import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Problem } from "./problems.ts";

/**
 * Ends the program where something is wrong.
 * @param note said below the problems
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export function refuse(problems: readonly Problem[], note?: string): void {
  if (problems.length > 0) throw new pulumi.RunError(new ConfigError(problems, note).message);
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
