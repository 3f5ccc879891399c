import { readFileSync } from "node:fs";

/**
 * A shell script that stands beside the module: `script(import.meta.url, "start.sh")`, without the lines that are only a comment: they were a seventh of a machine's
 * user data, compressed. A line of a here-document or of a longer string would go too; no script has one like that.
 */
export function script(module: string, name: string): string {
  return readFileSync(new URL(name, module), "utf8").replaceAll(/^[ \t]*#(?!!).*\n/gm, "");
}
