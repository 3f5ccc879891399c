/**
 * Writes the files that follow from the code: `npm run generate`. A unit test fails while one is out of date.
 */
import { globSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { buildSync } from "esbuild";
import { dashboard, fleetDashboard } from "../components/monitoring/dashboard/dashboard.ts";
import { configurationTables } from "./docs/configuration-tables.ts";
import { stackFileSchema } from "./docs/json-schema.ts";
import { renderPicture } from "./docs/pictures.ts";
import { ruleTables } from "./docs/rule-tables.ts";

interface GeneratedFile {
  /** Relative to the project. */
  readonly path: string;
  /** The file's new text, from its present one. */
  readonly render: (present: string) => string;
}

const files: readonly GeneratedFile[] = [
  {
    path: "stacks/stack.schema.json",
    render: () => `${JSON.stringify(stackFileSchema(), null, 2)}\n`,
  },
  {
    path: "dashboards/registry-cache.json",
    render: () => `${JSON.stringify(dashboard(), null, 2)}\n`,
  },
  {
    path: "dashboards/registry-cache-fleet.json",
    render: () => `${JSON.stringify(fleetDashboard(), null, 2)}\n`,
  },
  {
    path: "docs/configuration.md",
    render: (present) => replaceBetween("config", present, configurationTables()),
  },
  {
    path: "docs/policies.md",
    render: (present) => replaceBetween("rules", present, ruleTables()),
  },
  ...globSync("docs/pictures/*.mmd", { cwd: absolute("") }).map((path) => ({
    path: path.replace(/mmd$/, "svg"),
    render: () => renderPicture(readFileSync(absolute(path), "utf8")),
  })),
  {
    path: "charts/registry-cache/Chart.yaml",
    render: (present) => present.replace(/^(version|appVersion): .*$/gm, `$1: ${projectVersion()}`),
  },
  {
    path: "components/monitoring/status-page/generated/page.js",
    render: () => bundled("components/monitoring/status-page/page/browser.ts"),
  },
  {
    path: "components/monitoring/status-page/generated/page.css",
    render: () => bundled("components/monitoring/status-page/page.css"),
  },
];

/** The paths of the generated files that differ from what the code says. */
export async function staleFiles(): Promise<string[]> {
  const all = await Promise.all(files.map(async (file) => ({ file, ...(await compare(file)) })));
  return all.filter(({ present, next }) => present !== next).map(({ file }) => file.path);
}

async function compare({ path, render }: GeneratedFile): Promise<{ present: string; next: string }> {
  const present = await readFile(absolute(path), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return { present, next: render(present) };
}

/** @throws if the text lacks the markers `<!-- name:begin -->` and `<!-- name:end -->`. */
function replaceBetween(name: string, text: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no place for generated text: ${begin} … ${end} is missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** For browsers of the last years, with what it imports and without what only its readers need: https://esbuild.github.io/api/ */
function bundled(entry: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [absolute(entry).pathname],
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

function projectVersion(): string {
  return JSON.parse(readFileSync(absolute("package.json"), "utf8")).version;
}

function absolute(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

if (import.meta.main) {
  for (const file of files) {
    const { present, next } = await compare(file);
    if (present !== next) await writeFile(absolute(file.path), next);
    console.log(`${file.path}: ${present === next ? "up to date" : "written"}`);
  }
}
