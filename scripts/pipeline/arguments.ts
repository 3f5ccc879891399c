import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";

/** The commands' implementations. @param stacks as the user names them; empty means all */
export interface Actions {
  touched(options: { readonly base: string; readonly format: "lines" | "json" }): Promise<void>;
  preview(stacks: string[], options: PreviewOptions): Promise<void>;
  up(stacks: string[], options: UpOptions): Promise<void>;
  drift(stacks: string[], options: { readonly issue?: string; readonly atOnce: number }): Promise<void>;
}

export interface PolicyOptions {
  readonly policyPack?: string;
  readonly policyPackConfig?: string;
}

interface PreviewOptions extends PolicyOptions {
  readonly base: string;
  readonly comment?: string;
  readonly atOnce: number;
}

interface UpOptions extends PolicyOptions {
  /** Empty if a CI system's variable isn't set. */
  readonly canary?: string;
  readonly waveSize: number;
  readonly since?: string;
  readonly settleMinutes: number;
  readonly prefetchMinutes: number;
  /** Not parsed by commander, because its error message would contain the value, which may have a password. Empty if a CI system's variable isn't set. */
  readonly prometheus?: string;
  /** Percent. */
  readonly maxErrors: number;
  readonly repair: boolean;
  readonly report?: string;
}

/** The command line, for `parseAsync()`. */
export function pipelineProgram(actions: Actions): Command {
  const program = new Command("npm run pipeline --")
    .description("The steps of a pipeline over many stacks: docs/pipelines.md")
    .helpCommand(false)
    .showHelpAfterError();
  const base = () =>
    new Option(
      "--base <revision>",
      "a git revision, such as origin/main: what differs since this branch left it",
    ).makeOptionMandatory();
  const policyPack = () =>
    new Option("--policy-pack <directory>", "policies that must hold, as for `pulumi preview`");
  const policyPackConfig = () =>
    new Option("--policy-pack-config <file>", "levels and parameters of the policies, for this run");
  const atOnce = () =>
    new Option("--at-once <number>", "how many stacks are worked on at the same time")
      .argParser(wholeNumber)
      .default(Math.max(2, availableParallelism()));
  const all = "only these; otherwise all but those of the provider `local`";

  program
    .command("touched")
    .description(
      "say which stacks a change touches: by their files, by Pulumi.yaml, or by code, which touches all",
    )
    .addOption(base())
    .addOption(new Option("--format <format>").choices(["lines", "json"]).default("lines"))
    .action(actions.touched);
  program
    .command("preview")
    .description(
      "preview the stacks that a change touches, and say what it does and costs. Exit code 1 where a preview fails",
    )
    .argument("[stack...]", "of the touched ones only these")
    .addOption(base())
    .option("--comment <file>", "write the report there, as a comment on the change")
    .addOption(policyPack())
    .addOption(policyPackConfig())
    .addOption(atOnce())
    .action(actions.preview);
  program
    .command("up")
    .description(
      "bring stacks up in waves, and continue only while all of them are healthy. Exit code 1 if not all are up, or something of `prefetch` is missing",
    )
    .argument("[stack...]", all)
    .addOption(
      new Option("--canary <stack>", "the first wave; otherwise the first stack by name").env("CANARY"),
    )
    .option("--wave-size <number>", "stacks in each other wave", wholeNumber, 3)
    .option("--since <revision>", "only stacks that differ from this git revision")
    .option(
      "--settle-minutes <number>",
      "how long the health of a wave is watched; with a new machine, up to 15 minutes",
      positive,
      3,
    )
    .option(
      "--prefetch-minutes <number>",
      "how long the caches of a wave may take to have what `prefetch` lists; 0 looks once",
      positive,
      15,
    )
    .addOption(
      new Option(
        "--prometheus <url>",
        "one that has all regions: no alert that pages may fire, and few requests may fail",
      ).env("PROMETHEUS_URL"),
    )
    .option("--max-errors <percent>", "the requests that may fail, with --prometheus", positive, 1)
    .option("--repair", "also bring up stacks that aren't healthy before", false)
    .option("--report <file>", "write the report there, too")
    .addOption(policyPack())
    .addOption(policyPackConfig())
    .action(actions.up);
  program
    .command("drift")
    .description(
      "compare stacks with what is in the clouds. Exit code 2 where something differs, 1 where that can't be said",
    )
    .argument("[stack...]", all)
    .option("--issue <file>", "write the report there, where something differs or can't be said")
    .addOption(atOnce())
    .action(actions.drift);
  return program;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a whole number from 1.");
}

function positive(text: string): number {
  if (text.trim() !== "" && Number(text) >= 0) return Number(text);
  throw new InvalidArgumentError("Write a number from 0.");
}
