import type { CommanderError } from "commander";

/** Ends a command whose arguments are wrong with 2, and one that was asked for help or its version with 0. */
export function usageExit({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : 2);
}
