import { readFileSync } from "node:fs";

/** A shell script that stands beside the module: `script(import.meta.url, "start.sh")`. */
export function script(module: string, name: string): string {
  return readFileSync(new URL(name, module), "utf8");
}
