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

/** The commands that stand in the text and the tables of a runbook, with a part and a registry in their placeholders. */
export function inlineCommandsOf(alert: string): string[] {
  const text = runbook(alert).replace(/^```sh\n.*?^```$/gms, "");
  const codes = [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  return codes
    .filter((code) => programs.includes(code.split(" ")[0] ?? "") && code.includes(" "))
    .map((code) =>
      code
        .replaceAll("<upstream>", "gsoci")
        .replaceAll("<registry>", "gsoci.azurecr.io")
        .replaceAll("<name>", "registry-cache-edge-0123456789ab-edge")
        .replaceAll("<image>", "gsoci.azurecr.io/giantswarm/nginx:1")
        .replaceAll(/<part>|\bPART\b/g, "edge"),
    );
}

/** What such a command begins with. */
const programs = [
  ...["aws", "az", "pulumi", "k", "podman", "systemctl", "journalctl", "find", "ss", "free", "last"],
  ...["q", "logs", "certificate", "probe", "restart", "curl", "resolvectl"],
];

/**
 * Which of a region's resources the runbook's update takes, by `--replace` and by `--exclude`. In these patterns, `*` stands for anything but a colon, and `**` for anything:
 * https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/deployment.go
 */
export function takenBy(
  option: "replace" | "exclude",
  { stack, resources }: { stack: string; resources: readonly { type: string; name: string }[] },
): string[] {
  const block = remediesOf("RegistryCacheDown").find((it) => it.includes(`STACK=${stack}\n`)) ?? "";
  const [, region = ""] = block.match(/REGION=(\S+)/) ?? [];
  const [, glob = ""] = block.match(new RegExp(`--${option} ["']([^"']+)["']`)) ?? [];
  const parts = glob.replace("$REGION", region).split("**");
  const pattern = new RegExp(`^${parts.map((part) => part.replaceAll("*", "[^:]*")).join(".*")}$`);
  return resources
    .filter(({ type, name }) => pattern.test(`urn:pulumi:${stack}::registry-cache::parent$${type}::${name}`))
    .map(({ type, name }) => `${type} ${name}`);
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

/** Of another page of docs/. */
export function commandsIn(page: string): string[] {
  return blocksOf(readFileSync(join(projectDirectory, "docs", page), "utf8"));
}

function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}
