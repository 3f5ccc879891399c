/** Estimates the monthly cost of all stacks' caches, and the difference that a change of their files makes: `npm run cost -- --help`. */
import { writeFile } from "node:fs/promises";
import { Option } from "commander";
import { currentDate } from "../components/cost/date.ts";
import { commandLine } from "./command/command-line.ts";
import { reportProblems } from "./command/problems.ts";
import { runSteps } from "./command/steps.ts";
import { collect } from "./cost/collect.ts";
import { renderMarkdown } from "./cost/markdown.ts";
import { renderPage } from "./cost/page.ts";
import type { Review } from "./cost/review.ts";
import { renderTerminal } from "./cost/terminal.ts";
import { slowProgress } from "./fleet/progress.ts";
import { prometheusUrl } from "./fleet/prometheus.ts";

const renderers = {
  table: renderTerminal,
  markdown: renderMarkdown,
  json: (review: Review) => `${JSON.stringify(review, null, 2)}\n`,
  html: renderPage,
};

interface Options {
  readonly base?: string;
  readonly format: keyof typeof renderers;
  readonly out?: string;
  /** Not parsed by commander, because its error message would contain the value, which may have a password. */
  readonly prometheus?: string;
  readonly focus: readonly string[];
}

const program = commandLine("npm run cost --")
  .description("What the caches of all stacks cost in a month, by estimate: docs/cost.md")
  .argument("[stack...]", "only these")
  .option("--base <revision>", "what changes against the stack files of a git revision, such as origin/main")
  .addOption(
    new Option(
      "--format <format>",
      "markdown is for a pull request, json has all that is known, html is a page",
    )
      .choices(Object.keys(renderers))
      .default("table"),
  )
  .option("--out <file>", "into a file, in place of the terminal")
  .option(
    "--prometheus <url>",
    "also the cost by the usage that a Prometheus has measured, and what was saved",
  )
  .addOption(
    new Option(
      "--focus <file>",
      "also what was billed, from an export in FOCUS as CSV, .csv.gz or Parquet; may be repeated",
    )
      .argParser((file, files: readonly string[]) => [...files, file])
      .default([], "none")
      .conflicts("base"),
  )
  .addHelpText(
    "after",
    "\nExit code: 0 all is in the report; 1 something isn't, and standard error says what; 2 wrong usage.",
  )
  .showHelpAfterError()
  .action((stacks: string[], options: Options) => runSteps(() => report(stacks, options)));

await program.parseAsync();

async function report(stacks: readonly string[], options: Options): Promise<void> {
  const { base, format, out, focus } = options;
  const review = await collect({
    directory: process.cwd(),
    stacks,
    today: currentDate(),
    progress: slowProgress(),
    base,
    focus,
    prometheus: options.prometheus === undefined ? undefined : addressOf(options.prometheus),
  });
  const text = renderers[format](review);
  const problems = [...review.problems];
  if (out === undefined) process.stdout.write(text);
  else {
    await writeFile(out, text).catch(({ message }: Error) => problems.push({ path: "--out", message }));
  }
  reportProblems(problems);
}

function addressOf(prometheus: string): URL {
  try {
    return prometheusUrl(prometheus);
  } catch (error) {
    return program.error(`error: ${(error as Error).message}`);
  }
}
