/** Finds in the stack files, without any requests, what a preview would refuse. */
import { accountProblems } from "../../components/accounts.ts";
import { isMapping } from "../../components/config/as-written.ts";
import {
  hint,
  moreMayFollow,
  type Problem,
  problemIf,
  withinRegions,
} from "../../components/config/problems.ts";
import { configKeys, readStackFile } from "../../components/config/stack-file.ts";
import { configWarnings, namespaceWarnings } from "../../components/config/warnings.ts";
import type { Findings } from "../../components/hosts/kind.ts";
import { planStack } from "../../components/plan-stack.ts";
import { configurationViolations } from "../../policy/judge.ts";
import { readSettings, type Settings } from "../../policy/settings.ts";
import { type Configuration, configurationsOf } from "../fleet/configurations.ts";
import { type ProjectFiles, pathOf, projectFile, type StackFile } from "../fleet/stack-files.ts";
import { placesOfOthers, sharedHostnames, sharedLabels } from "./shared.ts";

/** Paths start with a file's name. */
export interface Checked extends Findings {
  /** Number of files and of regions that could be read. */
  readonly stacks: number;
  readonly regions: number;
  /** Printed below the problems if a file couldn't be read, because not everything was checked then. */
  readonly note?: string;
}

/** For a project without stack files. */
export const noStacks: Problem = { path: "stacks", message: "there is no file Pulumi.<stack>.yaml" };

/**
 * @param wanted the stacks to check. All, if empty. Hostnames, places and labels are compared with those of all files.
 * @param today like `2026-11-24`, for the age of prices
 */
export async function checkFiles(
  files: ProjectFiles,
  wanted: readonly string[],
  today: string,
): Promise<Checked> {
  const { settings, problems: wrongSettings } = readSettings();
  const { configurations, unread, problems } = configurationsOf(files);
  const places = placesOfOthers(configurations);
  const own = configurations.filter(({ stack }) => isWanted(stack, wanted));
  const found = await Promise.all(own.map((configuration) => checkStack(configuration, settings, today)));
  const names = [...files.stacks.map(({ name }) => name), ...files.unread];
  const paths = own.map(({ path }) => path);
  const unwanted = files.stacks.filter(({ name }) => !isWanted(name, wanted)).map(({ path }) => path);
  const isOf = (files: readonly string[]) => (problem: Problem) =>
    files.some((path) => problem.path === path || problem.path.startsWith(`${path}: `));
  return {
    stacks: own.length,
    regions: own.reduce((sum, { config }) => sum + config.regions.length, 0),
    problems: [
      ...wrongSettings,
      ...(names.length + problems.length === 0 ? [noStacks] : []),
      ...wanted
        .filter((name) => names.length > 0 && !names.includes(name))
        .map((name) => ({ path: pathOf(name), message: `there is no such file: ${hint(name, names)}` })),
      ...problems.filter((problem) => !isOf(unwanted)(problem)),
      ...found.flatMap(({ problems }) => problems),
      ...accountsIn(files, own),
      ...[...sharedHostnames(configurations), ...places.problems].filter(isOf(paths)),
    ],
    warnings: [
      ...misspelledNamespaces(projectFile, files.project),
      ...files.stacks
        .filter(({ name }) => isWanted(name, wanted))
        .flatMap(({ path, text }) => misspelledNamespaces(path, text)),
      ...files.stacks
        .filter(({ path }) => paths.includes(path))
        .flatMap((stack) => droppedMonitoring(files.project, stack)),
      ...found.flatMap(({ warnings }) => warnings),
      ...[...places.warnings, ...sharedLabels(configurations)].filter(isOf(paths)),
    ],
    ...(unread.some((name) => isWanted(name, wanted)) && { note: moreMayFollow.preflight }),
  };
}

function isWanted(stack: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.includes(stack);
}

function misspelledNamespaces(file: string, text: string): Problem[] {
  return namespaceWarnings(configKeys(text)).map((one) => ({ ...one, path: `${file}: ${one.path}` }));
}

/** Parts of Pulumi.yaml's `monitoring` that a stack's own `monitoring` doesn't have. The engine doesn't merge them, and doesn't tell the program. */
function droppedMonitoring(project: string, { path, text }: StackFile): Problem[] {
  const { monitoring } = readStackFile("", text);
  const dropped = absent(readStackFile(project, "config: {}").monitoring, monitoring);
  const message = `replaces that of ${projectFile}, without its ${dropped.join(", ")}: repeat these, or write other values`;
  return problemIf(monitoring !== undefined && dropped.length > 0, `${path}: monitoring`, message);
}

/** Paths of the parts of a mapping that another one doesn't have. */
function absent(whole: unknown, other: unknown): string[] {
  if (!isMapping(whole) || !isMapping(other)) return [];
  return Object.entries(whole).flatMap(([key, part]) =>
    other[key] === undefined ? [key] : absent(part, other[key]).map((rest) => `${key}.${rest}`),
  );
}

/** Keys that would give the caches another account than the rest of the program. Those of the project's file apply to all stacks. */
function accountsIn({ project, stacks }: ProjectFiles, configurations: readonly Configuration[]): Problem[] {
  const found = configurations.flatMap(({ path, config }) => {
    const text = stacks.find((file) => file.path === path)?.text ?? "";
    return [[path, text] as const, [projectFile, project] as const].flatMap(([file, keys]) =>
      accountProblems(config, configKeys(keys)).map((one) => ({ ...one, path: `${file}: ${one.path}` })),
    );
  });
  return [...new Map(found.map((one) => [one.path, one])).values()];
}

/** Does the other checks that createCaches() does before its first request. */
async function checkStack(
  { stack, path, config }: Configuration,
  settings: Settings,
  today: string,
): Promise<Findings> {
  const { planned, cost } = await planStack(config, stack, today);
  const violations = configurationViolations(stack, config, settings);
  const inFile = ({ path: at, message }: Problem) => ({ path: `${path}: ${at}`, message });
  return {
    problems: [
      ...violations.filter(({ level }) => level === "mandatory"),
      ...withinRegions(planned.map(({ findings }) => findings.problems)),
      ...cost.problems,
    ].map(inFile),
    warnings: [
      ...violations.filter(({ level }) => level === "advisory"),
      ...configWarnings(config),
      ...withinRegions(planned.map(({ findings }) => findings.warnings)),
      ...cost.warnings,
    ].map(inFile),
  };
}
