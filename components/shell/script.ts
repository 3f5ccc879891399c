import { readFileSync } from "node:fs";

/**
 * Reads a shell script next to the module: `script(import.meta.url, "start.sh")`. It removes comment lines, which were a seventh of a machine's compressed user data.
 * It would also remove lines that start with # in a here-document or a multi-line string, so no script may have one.
 */
export function script(module: string, name: string): string {
  return readFileSync(new URL(name, module), "utf8").replaceAll(/^[ \t]*#(?!!).*\n/gm, "");
}
