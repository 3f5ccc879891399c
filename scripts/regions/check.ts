/** What a preview would refuse, found in the stack files without asking anybody. */
import { hint, type Problem, withinRegions } from "../../components/config/problems.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { configWarnings } from "../../components/config/warnings.ts";
import type { Findings } from "../../components/hosts/kind.ts";
import { planStack } from "../../components/plan-stack.ts";
import { type Configuration, configurationsOf } from "../cost/configurations.ts";
import { type ProjectFiles, pathOf } from "../fleet/stack-files.ts";
import { nameProblems, sharedHostnames } from "./stack-names.ts";

/** Paths start with a file's name. */
export interface Checked extends Findings {
  /** How many files and regions could be read. */
  readonly stacks: number;
  readonly regions: number;
}

/** A rule about one stack's configuration; paths are in the configuration. */
type ConfigurationRule = (stack: string, config: StackConfig) => readonly Problem[];

/** What must hold for every stack's configuration, beyond what its schema says. */
const configurationRules: readonly ConfigurationRule[] = [nameProblems];

/**
 * @param wanted stacks whose findings count, all if there are none. Host names are compared with those of all files.
 * @param today `2026-11-24`, for the age of prices
 */
export async function checkFiles(
  files: ProjectFiles,
  wanted: readonly string[],
  today: string,
): Promise<Checked> {
  const { configurations, problems } = configurationsOf(files);
  const own = configurations.filter(({ stack }) => isWanted(stack, wanted));
  const found = await Promise.all(own.map((configuration) => checkStack(configuration, today)));
  const names = [...files.stacks.map(({ name }) => name), ...files.unread];
  const paths = own.map(({ path }) => path);
  const unwanted = files.stacks.filter(({ name }) => !isWanted(name, wanted)).map(({ path }) => path);
  const isOf = (files: readonly string[]) => (problem: Problem) =>
    files.some((path) => problem.path === path || problem.path.startsWith(`${path}: `));
  return {
    stacks: own.length,
    regions: own.reduce((sum, { config }) => sum + config.regions.length, 0),
    problems: [
      ...wanted.filter((name) => !names.includes(name)).map((name) => unknownStack(name, names)),
      ...problems.filter((problem) => !isOf(unwanted)(problem)),
      ...found.flatMap(({ problems }) => problems),
      ...sharedHostnames(configurations).filter(isOf(paths)),
    ],
    warnings: found.flatMap(({ warnings }) => warnings),
  };
}

function unknownStack(stack: string, known: readonly string[]): Problem {
  return { path: pathOf(stack), message: `there is no such file: ${hint(stack, known)}` };
}

function isWanted(stack: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.includes(stack);
}

/** As createCaches() does before it asks anybody. */
async function checkStack({ stack, path, config }: Configuration, today: string): Promise<Findings> {
  const { planned, cost } = await planStack(config, stack, today);
  const inFile = (problem: Problem) => ({ ...problem, path: `${path}: ${problem.path}` });
  return {
    problems: [
      ...configurationRules.flatMap((rule) => rule(stack, config)),
      ...withinRegions(planned.map(({ findings }) => findings.problems)),
      ...cost.problems,
    ].map(inFile),
    warnings: [
      ...configWarnings(config),
      ...withinRegions(planned.map(({ findings }) => findings.warnings)),
      ...cost.warnings,
    ].map(inFile),
  };
}
