/** `npm run render -- --help`, and docs/gitops.md. */
import { InvalidArgumentError } from "commander";
import type { Problem } from "../components/config/problems.ts";
import { currentDate } from "../components/cost/date.ts";
import { commandLine } from "./command/command-line.ts";
import { problemsError } from "./command/problems.ts";
import { runSteps } from "./command/steps.ts";
import { configurationsOf } from "./fleet/configurations.ts";
import { pathOf, readStackFiles } from "./fleet/stack-files.ts";
import { checkFiles } from "./regions/check.ts";
import { draft } from "./render/directory.ts";
import { chartValues, kustomizations } from "./render/files.ts";
import { type RenderedRegion, renderStack, secretsToMake, stackOutputs } from "./render/stack.ts";

interface Options {
  readonly out?: string;
  readonly values?: string;
  readonly outputs?: true;
  readonly externalSecrets?: ReturnType<typeof storeOf>;
  readonly secretPrefix?: string;
  readonly cilium?: true;
}

const program = commandLine("npm run render --")
  .description("Writes the objects of a stack's regions as YAML, for Flux, Argo CD and Helm: docs/gitops.md.")
  .argument("<stack>", "name of the stack")
  .option("--out <directory>", "a directory for each region, as Flux and Argo CD take it")
  .option("--values <directory>", "for each region, the values of the chart")
  .option("--outputs", "only prints the outputs `clients` and `monitoring`, as JSON")
  .option(
    "--external-secrets <store>",
    "where secrets come from: ClusterSecretStore/NAME or SecretStore/NAME",
    storeOf,
  )
  .option("--secret-prefix <prefix>", "before the names of the secrets there")
  .option("--cilium", "a network policy of Cilium, in addition to that of Kubernetes")
  .action((stack: string, options: Options) => runSteps(() => render(stack, options)));

await program.parseAsync();

async function render(stack: string, { out, values, outputs, ...options }: Options): Promise<void> {
  if ((out === undefined && values === undefined) !== (outputs === true))
    program.error("error: name --out or --values, or else --outputs");
  if (options.secretPrefix !== undefined && options.externalSecrets === undefined)
    program.error("error: --secret-prefix goes with --external-secrets only");
  const regions = await regionsOf(stack, options);
  if (outputs) {
    console.log(JSON.stringify(stackOutputs(regions), null, 2));
    return;
  }
  const wanted = [
    { directory: out, rendered: kustomizations(regions) },
    { directory: values, rendered: chartValues(regions) },
  ];
  const drafts = await Promise.all(
    wanted.flatMap(({ directory, rendered }) =>
      directory === undefined ? [] : [draft(directory, stack, rendered).then((it) => ({ directory, ...it }))],
    ),
  );
  demandNone(drafts.flatMap(({ problems }) => problems));
  for (const { directory, apply } of drafts) {
    const { written, removed } = await apply().catch(({ message }: Error) => {
      throw problemsError([{ path: stack, message }]);
    });
    console.log(`${directory}: ${written.length} written, ${removed.length} removed`);
  }
  const byStore = options.externalSecrets !== undefined;
  for (const line of regions.flatMap((region) => secretsToMake(region, byStore))) console.log(line);
}

/** @throws StepError with the problems that `up` would also refuse */
async function regionsOf(
  stack: string,
  { externalSecrets, secretPrefix, cilium }: Options,
): Promise<readonly RenderedRegion[]> {
  const files = await readStackFiles(process.cwd(), []);
  const checked = await checkFiles(files, [stack], currentDate());
  for (const { path, message } of checked.warnings) console.error(`! ${path}: ${message}`);
  const configuration = configurationsOf(files).configurations.find((it) => it.stack === stack);
  if (!configuration) throw problemsError(checked.problems, checked.note);
  const { regions, problems } = renderStack(configuration.config, stack, {
    networkPolicies: cilium ? "cilium" : "kubernetes",
    secretStore: externalSecrets && { ...externalSecrets, prefix: secretPrefix },
  });
  const inFile = problems.map(({ path, message }) => ({ path: `${pathOf(stack)}: ${path}`, message }));
  demandNone([...checked.problems, ...inFile]);
  return regions;
}

function demandNone(problems: readonly Problem[]): void {
  if (problems.length > 0) throw problemsError(problems);
}

function storeOf(reference: string) {
  const [kind, name, ...rest] = reference.split("/");
  if ((kind !== "ClusterSecretStore" && kind !== "SecretStore") || !name || rest.length > 0)
    throw new InvalidArgumentError("Name ClusterSecretStore/NAME or SecretStore/NAME.");
  return { kind, name } as const;
}
