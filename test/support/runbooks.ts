/** The commands of docs/runbooks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./project.ts";

export const runbooksDirectory = join(projectDirectory, "docs", "runbooks");

/** Where a cache runs, and the sections of the README whose blocks whoever looks at it pastes, in this order. */
const sections = {
  "aws vm": ["A VM in AWS", "On the machine"],
  "azure vm": ["On the machine", "A VM in Azure"],
  local: ["On the machine", "This machine"],
  kubernetes: ["Kubernetes"],
} as const;

export type Place = keyof typeof sections;

/** What is pasted first, as it stands in the README. */
export function preludeOf(place: Place): string {
  const readme = runbook("README");
  return sections[place].flatMap((heading) => blocksOf(section(readme, heading))).join("");
}

/** The block that is pasted on a machine with podman. */
export function podmanPrelude(): string {
  return blocksOf(section(runbook("README"), "On the machine")).join("");
}

/** The blocks of commands that only look, under "See it". They run in bash after the prelude. */
export function commandsOf(alert: string): string[] {
  return blocksOf(section(runbook(alert), "See it"));
}

/** The blocks of commands that change something, under "Do". */
export function remediesOf(alert: string): string[] {
  return blocksOf(section(runbook(alert), "Do"));
}

function runbook(name: string): string {
  return readFileSync(join(runbooksDirectory, `${name}.md`), "utf8");
}

/** What stands under a heading, up to the next one of any level. */
function section(markdown: string, heading: string): string {
  const [, content] = markdown.split(new RegExp(`^#+ ${heading}$`, "m"));
  if (content === undefined) throw new Error(`no section "${heading}"`);
  return content.split(/^#+ /m)[0] ?? "";
}

function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}
