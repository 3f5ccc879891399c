import { Command } from "commander";

/** One that ends with 2 where its arguments are wrong, and with 0 where it was asked for help. @param name as a user types it */
export function commandLine(name: string): Command {
  return new Command(name).exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}
