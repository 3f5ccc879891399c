/** Writes the files that are generated from the code: `npm run generate`. A unit test fails while one of them is out of date. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { dashboard, fleetDashboard } from "../components/monitoring/dashboard/dashboard.ts";
import project from "../package.json" with { type: "json" };
import { configurationTables } from "./docs/configuration-tables.ts";
import { stackFileSchema } from "./docs/json-schema.ts";
import { ruleTables } from "./docs/rule-tables.ts";

/** Renders a file's new text from its present text. */
type Render = (present: string) => string;

/** By path in the project. */
const files: Readonly<Record<string, Render>> = {
  "stacks/stack.schema.json": () => json(stackFileSchema()),
  "dashboards/registry-cache.json": () => json(dashboard()),
  "dashboards/registry-cache-fleet.json": () => json(fleetDashboard()),
  "docs/configuration.md": (present) => replaceBetween("config", present, configurationTables()),
  "docs/policies.md": (present) => replaceBetween("rules", present, ruleTables()),
  "charts/registry-cache/Chart.yaml": (present) =>
    present.replace(/^(version|appVersion): .*$/gm, `$1: ${project.version}`),
  "components/monitoring/status-page/generated/page.js": () => bundled("page/browser.ts"),
  "components/monitoring/status-page/generated/page.css": () => bundled("page.css"),
};

/** @returns the paths of the generated files that are out of date */
export async function staleFiles(): Promise<string[]> {
  const all = await Promise.all(Object.entries(files).map(compare));
  return all.filter(({ present, next }) => present !== next).map(({ path }) => path);
}

async function compare([path, render]: [string, Render]) {
  const present = await readFile(absolute(path), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return { path, present, next: render(present) };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** @throws Error if the text lacks the markers `<!-- name:begin -->` and `<!-- name:end -->` */
function replaceBetween(name: string, text: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no place for generated text: ${begin} … ${end} is missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** Bundles and minifies a file of the status page for browsers of recent years: https://esbuild.github.io/api/ */
function bundled(entry: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(absolute(`components/monitoring/status-page/${entry}`))],
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    format: "esm",
    target: ["chrome123", "firefox128", "safari17.5"],
    legalComments: "none",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

function absolute(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

if (import.meta.main) {
  for (const file of Object.entries(files)) {
    const { path, present, next } = await compare(file);
    if (present !== next) await writeFile(absolute(path), next);
    console.log(`${path}: ${present === next ? "up to date" : "written"}`);
  }
}
