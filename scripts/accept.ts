/** Acceptance test in a real account: creates one stack, uses it and destroys it. `npm run accept -- --help`, and docs/accept.md. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Option } from "commander";
import { accept, type StepName, type StepReport, stepNames } from "./accept/acceptance.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { Engine } from "./engine/engine.ts";
import { backendOf, shortName } from "./fleet/backend.ts";
import { configurationOf } from "./fleet/configurations.ts";
import { demandRemoteStack } from "./fleet/stack-files.ts";
import { ensureEngine } from "./setup/engine.ts";

interface Options {
  readonly yes?: true;
  readonly image: string[];
  readonly report?: string;
  readonly without: StepName[];
}

const directory = process.cwd();

const program = commandLine("npm run accept --")
  .description(
    "Brings a stack up, pulls through it, changes it, destroys it, and says what is left in the account. It costs money. docs/accept.md says more.",
  )
  .argument("<stack>", "of which nothing exists yet")
  .option("--yes", "don't ask before it begins")
  .option("--image <image...>", "to pull. Default: what `prefetch` of the configuration names", [])
  .option("--report <file>", "the report as JSON")
  .addOption(
    new Option("--without <step...>", "steps to leave out").choices([...stepNames]).default([], "none"),
  )
  .addHelpText("after", "\nExit code: 0 all is well; 1 a problem, which the report tells; 2 wrong usage.")
  .action((stack: string, options: Options) =>
    runSteps(async () => {
      await demandRemoteStack(directory, shortName(stack));
      await ensureEngine();
      await run(stack, options).catch(({ message }: Error) => {
        throw new StepError(message);
      });
    }),
  );

const marks = { passed: "✓", failed: "✗", "left out": "–" } as const;

function tell({ name, result, seconds, said }: StepReport): void {
  console.log(`${marks[result]} ${name} (${seconds} s)`);
  for (const line of said) console.log(`  ${line}`);
}

/** @throws Error with a message for the user */
async function run(stack: string, options: Options): Promise<void> {
  const name = shortName(stack);
  const { config, path } = await configurationOf(directory, name);
  const there = (await backendOf(directory, [stack]).stacks()).find((it) => it.name === name);
  if (!there)
    throw new Error(`${stack}: the backend has no such stack: npm run pulumi -- stack init ${stack}`);
  if (there.updated !== undefined)
    throw new Error(
      `${stack} is up already. An acceptance ends with destroying the stack: name one that has nothing`,
    );
  if (!options.yes && !(await isConfirmed(name))) throw new Error("not begun");
  const engine = new Engine(directory).handOnSignals();
  const started = new Date().toISOString();
  const steps = await accept({
    engine,
    stack,
    name,
    config,
    file: join(directory, path),
    images: options.image,
    without: options.without,
    tell,
  });
  const succeeded = steps.every(({ result }) => result !== "failed");
  if (steps.some(({ name, result }) => name === "destroy" && result === "failed"))
    console.error(`✗ ${stack} stays, and is billed: docs/accept.md says how to destroy it by hand`);
  const report = { stack, started, succeeded, steps };
  if (options.report) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  if (!succeeded) process.exitCode = 1;
}

async function isConfirmed(stack: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error("without a terminal, add --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(
    `This makes ${stack} in the account of your credentials, which costs money, and destroys it. Enter its name to begin: `,
  );
  terminal.close();
  return answer.trim() === stack;
}

await program.parseAsync();
