/** Checks a command before it is sent. Otherwise, a misspelt `bypass` would go to a machine that may be down. */
import { hint } from "../../components/config/problems.ts";
import { commands } from "../../components/hosts/oncall/program.ts";

/** Commands that run on this computer. */
const own = ["bypass", "unbypass"];

/** @returns what is wrong, or undefined. Arguments of the machine's commands are left to the machine's program. */
export function wrongCommand([name, ...args]: readonly string[]): string | undefined {
  if (name === undefined || name === "--help" || name === "-h") return undefined;
  if (name === "--replica") return wrongOf(args[1], commands);
  if (!own.includes(name)) return wrongOf(name, [...commands, ...own]);
  return args.every((it) => it === "--yes") ? undefined : `${name} takes --yes and nothing else`;
}

function wrongOf(name: string | undefined, known: readonly string[]): string | undefined {
  if (name === undefined || known.includes(name)) return undefined;
  return `there is no command ${name}: ${hint(name, known, `the commands are ${known.join(", ")}. Options come after the command`)}`;
}
