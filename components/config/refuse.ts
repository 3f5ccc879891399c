import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Problem } from "./problems.ts";

/** Converts the error to one that Pulumi shows without a stack trace. It keeps the property `problems`, for programs. */
export function runError({ message, problems }: ConfigError): pulumi.RunError {
  return Object.assign(new pulumi.RunError(message), { problems });
}

/**
 * Ends the program if there are problems.
 * @param note printed below the problems
 * @throws pulumi.RunError: see runError()
 */
export function refuse(problems: readonly Problem[], note?: string): void {
  if (problems.length > 0) throw runError(new ConfigError(problems, note));
}

/**
 * Shows warnings: settings that are valid but probably not intended, or that need a change soon.
 * @param region name that precedes the paths. @default none: the paths are in the stack
 * @param resource the resource to which Pulumi attaches the warnings. @default the stack
 */
export function warn(warnings: readonly Problem[], region?: string, resource?: pulumi.Resource): void {
  const prefix = region === undefined ? "" : `${region}: `;
  for (const { path, message } of warnings) void pulumi.log.warn(`${prefix}${path}: ${message}`, resource);
}
