/** Whether a command is one, before its machine is asked: a misspelt `bypass` would otherwise go to a machine that may be dead. */
import { hint } from "../../components/config/problems.ts";
import { commands } from "../../components/hosts/oncall/program.ts";

/** Run on this computer. */
const own = ["bypass", "unbypass"];

/** What is wrong, or undefined. What a command of the machine takes is left to the machine's program. */
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
