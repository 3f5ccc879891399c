import { Command } from "commander";

/** A command line that exits with 2 if its arguments are wrong, and with 0 after printing help. @param name as a user types it */
export function commandLine(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}
