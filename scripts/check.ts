/** Runs all quick checks, even if one fails: `npm run check -- --help`. */
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pMap from "p-map";
import { commandLine } from "./command/command-line.ts";
import { StepError } from "./command/steps.ts";
import { englishProblems, isCurrent } from "./docs/english.ts";
import { markdownFiles, markdownProblems } from "./docs/markdown.ts";
import { hasProgram } from "./setup/apt.ts";
import { beforeTests } from "./setup/before-tests.ts";
import { tsc } from "./setup/tsc.ts";
import { ensureWorkflowLinters } from "./setup/workflow-linters.ts";

/** Results and compiled code that the next run reuses. */
const cache = join(import.meta.dirname, "..", "node_modules", ".cache");

/** A check that takes longer has failed. */
const checkMinutes = 10;

export interface Check {
  readonly title: string;
  /** @returns what was left out, if anything. @throws Error whose message says what is wrong and how to correct it. */
  run(): Promise<string | undefined>;
}

/** The checks that only read the files. */
export const staticChecks: readonly Check[] = [
  program("types", tsc, "--incremental", "--tsBuildInfoFile", join(cache, "tsconfig.tsbuildinfo")),
  program("lint and format", "biome", "check", "--error-on-warnings", "."),
  program(
    "imports",
    ...["depcruise", "--output-type", "err-long", "start.js", "components", "policy", "scripts", "test"],
  ),
  { title: "documents", run: checkDocuments },
  { title: "shell scripts", run: checkShellScripts },
  { title: "workflows", run: checkWorkflows },
];

/** The tests that need neither podman nor the engine. The longest come first. */
const quickTests: readonly Check[] = [
  tests("unit and golden tests", "{unit,golden}/*"),
  tests("graph tests of AWS", "graph/aws-*"),
  tests("the other graph tests", "graph/!(aws-*)"),
  tests("tests that start processes", "processes/*"),
];

/** @param files of `test/`, without the end of their names */
function tests(title: string, files: string): Check {
  return program(
    // Each test has this time, and so have all of the process together.
    ...[title, "node", `--test-timeout=${(checkMinutes - 1) * 60_000}`, ...beforeTests],
    `--test-reporter=${join(import.meta.dirname, "setup", "failed-tests.ts")}`,
    "test/in-one-process.ts",
    ...globSync(`test/${files}.test.ts`),
  );
}

function program(title: string, ...command: string[]): Check {
  return {
    title,
    async run() {
      const [file = "", ...args] = command;
      const result = await execa(file, args, {
        preferLocal: true,
        reject: false,
        all: true,
        stdin: "ignore",
        timeout: checkMinutes * 60_000,
        // Go's garbage collector runs less often, which saves a quarter of tsc's CPU time. https://go.dev/doc/gc-guide#GOGC
        env: { NODE_COMPILE_CACHE: join(cache, "compiled"), GOGC: "400" },
      });
      // If the time is over or there is no output, the output doesn't say what failed.
      const why = result.timedOut || !result.all ? result.shortMessage : "";
      if (result.failed) throw new Error(`${result.all}\n${why}`.trim());
      return undefined;
    },
  };
}

async function checkDocuments(): Promise<undefined> {
  const directory = join(import.meta.dirname, "..");
  const files = markdownFiles(directory);
  const read = (file: string) => readFileSync(join(directory, file), "utf8");
  const problems = [
    ...(await markdownProblems(directory, files)),
    ...files.filter(isCurrent).flatMap((file) => englishProblems(file, read(file))),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

async function checkShellScripts(): Promise<string | undefined> {
  if (!(await hasProgram("shellcheck"))) return "shellcheck is not installed";
  // SC3013: `test -nt` isn't in POSIX, but dash and busybox, which run these scripts, support it.
  const options = ["--severity=warning", "--exclude=SC3013"];
  return program(
    "",
    "shellcheck",
    ...options,
    ...globSync(["{components,scripts,test}/**/*.sh", ".ci/run"]),
  ).run();
}

async function checkWorkflows(): Promise<string | undefined> {
  try {
    const { actionlint, zizmor } = await ensureWorkflowLinters();
    await program("", actionlint, "-no-color", ...globSync(".github/workflows/*.yaml")).run();
    return await program("", zizmor, "--offline", "--quiet", "--persona=auditor", ".github").run();
  } catch (error) {
    if (error instanceof StepError) return `actionlint and zizmor aren't available\n${error.message}`;
    throw error;
  }
}

/** Runs a check and prints its result in one line, with the problems below it. */
async function show({ title, run }: Check): Promise<boolean> {
  const start = performance.now();
  const time = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const leftOut = await run();
    console.error(leftOut === undefined ? `✓ ${title} (${time()})` : `– ${title}: ${leftOut}`);
    return true;
  } catch (error) {
    console.error(`✗ ${title} (${time()})\n${(error as Error).message.trimEnd()}`);
    return false;
  }
}

if (import.meta.main) {
  commandLine("npm run check --")
    .description(
      "The quick checks. They need neither podman nor the engine, and take a minute on two processors.",
    )
    .parse();
  // One more than there are processors, because some wait. With all at once, the longest would end last, alone.
  const passed = await pMap([...quickTests, ...staticChecks], show, {
    concurrency: availableParallelism() + 1,
  });
  process.exitCode = passed.every(Boolean) ? 0 : 1;
}
