/** The commands of docs/runbooks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./project.ts";

export const runbooksDirectory = join(projectDirectory, "docs", "runbooks");

/** The blocks of commands that only look, under "See it". They run in bash, with what the README says. */
export function commandsOf(alert: string): string[] {
  const text = readFileSync(join(runbooksDirectory, `${alert}.md`), "utf8");
  const [, seeIt = ""] = text.match(/^## See it$(.*?)^## /ms) ?? [];
  return blocksOf(seeIt);
}

/** The function by which the commands ask Prometheus, from the README. */
export function queryFunction(): string {
  const text = readFileSync(join(runbooksDirectory, "README.md"), "utf8");
  const line = text.split("\n").find((it) => it.startsWith("q() "));
  if (line === undefined) throw new Error("no q() in the runbooks' README");
  return line;
}

function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}
