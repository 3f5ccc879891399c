/** Lists, checks and adds the caches of all stacks: `npm run regions -- --help`, and docs/fleet.md. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Argument, InvalidArgumentError, Option } from "commander";
import { suggestion } from "../components/config/problems.ts";
import { conventionalStack } from "../components/config/stack-name.ts";
import { currentDate } from "../components/cost/date.ts";
import { commandLine } from "./command/command-line.ts";
import { problemLine, reportProblems } from "./command/problems.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { stateBackend } from "./engine/environment.ts";
import { backendOf, remembering, shortName } from "./fleet/backend.ts";
import { slowProgress } from "./fleet/progress.ts";
import { pathOf, readStackFiles } from "./fleet/stack-files.ts";
import { counted } from "./output/counted.ts";
import { newStackFile } from "./regions/add.ts";
import { checkFiles, noStacks } from "./regions/check.ts";
import { type CollectOptions, collect } from "./regions/collect.ts";
import type { Fleet } from "./regions/fleet.ts";
import { nextSteps } from "./regions/next-steps.ts";
import { renderPage } from "./regions/page.ts";
import { projectProblems } from "./regions/project-problems.ts";
import { isWell, statusLines } from "./regions/status.ts";
import { renderTable } from "./regions/table.ts";
import { watch } from "./regions/watch.ts";
import { ensureEngine } from "./setup/engine.ts";

const directory = process.cwd();
const endpointSeconds = 3;

const renderers: Readonly<Record<string, (fleet: Fleet) => string>> = {
  table: renderTable,
  json: (fleet) => `${JSON.stringify(fleet, null, 2)}\n`,
  html: renderPage,
};

const program = commandLine("npm run regions --")
  .description("The caches of all stacks. docs/fleet.md says more.")
  .addHelpText(
    "after",
    "\nExit code: 0 all is well; 1 a problem, which standard error tells; 2 wrong usage.",
  );

const stacks = () => new Argument("[stack...]", "names of stacks").default([], "all");

program
  .command("list", { isDefault: true })
  .description("each region with its configuration, last update and its commit, health and cost")
  .addArgument(stacks())
  .addOption(
    new Option("--format <format>", "how it is shown").choices(Object.keys(renderers)).default("table"),
  )
  .option("--out <file>", "into a file, in place of the terminal")
  .action(list);

program
  .command("html")
  .description("the same as a page: list --format html")
  .addArgument(stacks())
  .option("--out <file>", "into a file, in place of the terminal")
  .action((wanted: string[], { out }: { out?: string }) =>
    list(wanted, { format: "html", ...(out && { out }) }),
  );

program
  .command("check")
  .description("what a preview would refuse, found in the stack files without asking the cloud")
  .addArgument(stacks())
  .action(async (wanted: string[]) => {
    const files = await readStackFiles(directory, []);
    const { stacks, regions, warnings, note, ...found } = await checkFiles(files, wanted, currentDate());
    for (const { path, message } of warnings) console.error(`! ${path}: ${message}`);
    // First, because the engine can't always be installed.
    reportProblems(found.problems);
    const ofProject = await projectProblems(directory, found.problems);
    reportProblems(ofProject);
    const problems = [...found.problems, ...ofProject];
    if (note) console.error(note);
    console.log(
      `${counted(stacks, "stack file")} with ${counted(regions, "region")} read: ` +
        `${counted(problems.length, "problem")}, ${counted(warnings.length, "warning")}.`,
    );
  });

program
  .command("status")
  .description("the health of each region, asked of its endpoint; fails where one isn't healthy")
  .addArgument(stacks())
  .option("--watch", "again and again, until Ctrl-C")
  .option("--every <seconds>", "with --watch", seconds, 10)
  .action(async (wanted: string[], { watch: isWatched, every }: { watch?: true; every: number }) => {
    const asking = { healthOnly: true, backend: remembering(backendOf(directory, wanted)) };
    if (isWatched) {
      const ended = new AbortController();
      process.once("SIGINT", () => ended.abort());
      process.stdout.once("error", () => ended.abort());
      const lines = async () => {
        const fleet = await look(wanted, asking);
        process.exitCode = isWell(fleet) ? 0 : 1;
        return [...statusLines(fleet), ...fleet.problems.map(problemLine)];
      };
      await watch(lines, { screen: process.stdout, everySeconds: every, signal: ended.signal });
    } else {
      const fleet = await look(wanted, asking);
      for (const line of statusLines(fleet)) console.log(line);
      reportProblems(fleet.problems);
      if (!isWell(fleet)) process.exitCode = 1;
    }
  });

async function list(wanted: string[], { format, out }: { format: string; out?: string }): Promise<void> {
  const fleet = await look(wanted);
  const text = renderers[format]?.(fleet) ?? "";
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
  reportProblems(fleet.problems);
  const [word = ""] = wanted;
  const commands = program.commands.map((command) => command.name());
  const meant = suggestion(word, commands);
  if (meant && fleet.problems.some(({ path }) => path === word))
    console.error(`Did you mean the command \`${meant}\`?`);
}

interface AddOptions {
  readonly topology?: string;
  readonly from?: string;
  readonly stack?: string;
  readonly hostname?: string;
  readonly zone?: string;
  readonly zoneResourceGroup?: string;
  readonly email?: string;
  readonly context?: string;
  readonly bucket?: string;
  readonly account?: string;
  readonly container?: string;
  readonly clients?: string[];
  readonly apiAccess?: string[];
}

program
  .command("add")
  .description("writes the stack file of another region, from an existing one of its kind")
  .addArgument(new Argument("<provider>", "where").choices(["aws", "azure", "kubernetes"]))
  .argument("<region>", "as the provider calls it; on Kubernetes, as you do")
  .addOption(
    new Option("--topology <topology>", "default: vm, on Kubernetes cluster").choices(["vm", "cluster"]),
  )
  .option("--from <stack>", "whose file is the model. Default: the first with one region of the kind")
  .option("--stack <name>", "of the new stack. Default: <provider>-<region>", newStack)
  .option("--hostname <name>", "of the endpoint. Default: as in that file, with the new region's name")
  .option("--zone <zone>", "DNS zone of the endpoint's records")
  .option("--zone-resource-group <name>", "of the zone, on Azure")
  .option("--email <address>", "for Let's Encrypt")
  .option("--context <name>", "of the kubeconfig, on Kubernetes")
  .option("--bucket <name>", "in S3, of a region on Kubernetes")
  .option("--account <name>", "storage account in Azure, of a region on Kubernetes")
  .option("--container <name>", "of that account")
  .option("--clients <range...>", "who may pull: address ranges")
  .option("--api-access <range...>", "who may reach the API of a cluster that the stack makes")
  .action(async (provider: string, region: string, options: AddOptions) => {
    const { stack = conventionalStack(provider, region) } = options;
    const files = await readStackFiles(directory, []);
    if (files.stacks.length === 0)
      return reportProblems(files.problems.length > 0 ? files.problems : [noStacks]);
    if ([...files.stacks.map(({ name }) => name), ...files.unread].includes(stack)) {
      return reportProblems([
        {
          path: pathOf(stack),
          message: "already exists: nothing was written. Name another one with --stack",
        },
      ]);
    }
    const made = newStackFile(files, {
      provider,
      region,
      from: options.from,
      topology: options.topology ?? (provider === "kubernetes" ? "cluster" : "vm"),
      values: {
        context: options.context,
        "storage.s3.bucket": options.bucket,
        "storage.azure.account": options.account,
        "storage.azure.container": options.container,
        "endpoint.hostname": options.hostname,
        "endpoint.zone": options.zone,
        "endpoint.zoneResourceGroup": options.zoneResourceGroup,
        "endpoint.tls.email": options.email,
        "access.clients": options.clients,
        apiAccess: options.apiAccess,
      },
    });
    const path = pathOf(stack);
    const all = { ...files, stacks: [...files.stacks, { name: stack, path, text: made.withSecrets }] };
    const { problems, note } = await checkFiles(all, [stack], currentDate());
    if (problems.length > 0) {
      reportProblems(problems);
      console.error(note ? `${note}\nNothing was written.` : "Nothing was written.");
      return;
    }
    await writeFile(join(directory, path), made.text, { flag: "wx" });
    console.log(nextSteps(stack, path, made, stateBackend(directory)));
  });

async function look(wanted: readonly string[], options: Partial<CollectOptions> = {}): Promise<Fleet> {
  await ensureEngine();
  return collect({
    files: await readStackFiles(directory, []),
    backend: backendOf(directory, wanted),
    wanted: wanted.map(shortName),
    timeoutSeconds: endpointSeconds,
    progress: slowProgress(),
    ...options,
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError("It must be a number, 1 or more.");
}

/** https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack */
function newStack(name: string): string {
  if (/^[\w.-]+$/.test(name)) return name;
  throw new InvalidArgumentError("It can have letters, digits, hyphens, underscores and periods.");
}

await runSteps(async () => {
  try {
    await program.parseAsync();
  } catch (error) {
    // A file can't be written, or its content can't be created.
    const isTold = error instanceof RangeError || (error instanceof Error && "syscall" in error);
    throw isTold ? new StepError(error.message) : error;
  }
});
