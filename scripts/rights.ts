/** Prints the rights that the deployer of a stack needs: `npm run rights -- --help`, and docs/rights.md. */
import { InvalidArgumentError } from "commander";
import { subscriptionId } from "../components/config/text.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps, StepError, step } from "./command/steps.ts";
import { Engine } from "./engine/engine.ts";
import { shortName } from "./fleet/backend.ts";
import { demandRemoteStack } from "./fleet/stack-files.ts";
import { accountIn } from "./rights/aws/place.ts";
import { policiesFor } from "./rights/aws/policy.ts";
import { rolesFor, scopeWarning, subscriptionIn } from "./rights/azure/role.ts";
import { type Documents, writeDocuments } from "./rights/documents.ts";
import { type Resource, resourcesOf } from "./rights/resources.ts";
import { ensureEngine } from "./setup/engine.ts";

interface Options {
  readonly preview?: true;
  readonly account?: string;
  readonly out?: string;
}

const directory = process.cwd();

const program = commandLine("npm run rights --")
  .description(
    "The rights that the deployer of a stack needs: IAM policies, or custom roles of Azure. docs/rights.md says more.",
  )
  .argument("<stack>", "which is previewed for it, and not changed")
  .option("--preview", "rights for an identity that only previews, and looks for drift")
  .option(
    "--account <id>",
    "AWS account, or Azure subscription. Default: as the stack's resources say",
    accountId,
  )
  .option("--out <directory>", "a file for each policy or role, in place of the terminal")
  .addHelpText("after", "\nExit code: 0 all is well; 1 a problem, which standard error tells; 2 wrong usage.")
  .action((stack: string, options: Options) => runSteps(() => run(stack, options)));

const awsAccount = /^\d{12}$/;
const isSubscription = (id: string) => subscriptionId.safeParse(id).success;

function accountId(text: string): string {
  if (awsAccount.test(text) || isSubscription(text)) return text;
  throw new InvalidArgumentError("Name 12 digits, or the id of a subscription in lower case.");
}

const wayOut =
  "correct what the engine says. The preview takes credentials that may read the account, and an existing stack: npm run pulumi -- stack init STACK";

async function documentsOf(
  resources: readonly Resource[],
  stack: string,
  options: Options,
): Promise<Documents> {
  const isReadOnly = options.preview === true;
  const has = (prefix: string) => resources.some(({ type }) => type.startsWith(prefix));
  if (has("aws:")) {
    const account = options.account ?? accountIn(resources);
    if (!account || !awsAccount.test(account))
      throw new RangeError("name the AWS account: --account 123456789012");
    const policies = await policiesFor(resources, { stack, account, isReadOnly });
    return Object.fromEntries(policies.map((policy, index) => [`policy-${index + 1}.json`, policy]));
  }
  if (has("azure-native:")) {
    const account = options.account ?? subscriptionIn(resources);
    if (!account || !isSubscription(account))
      throw new RangeError("name the Azure subscription: --account ID");
    const roles = rolesFor(resources, { stack, account, isReadOnly });
    const warning = scopeWarning(resources);
    if (warning) console.error(`! ${stack}: ${warning}`);
    return Object.fromEntries(
      roles.flatMap(({ definition, assignment }, index) => [
        [`role-${index + 1}.json`, definition],
        [`assignment-${index + 1}.json`, assignment],
      ]),
    );
  }
  throw new RangeError(
    "nothing of the stack is in AWS or Azure: docs/kubernetes.md has the rights in a cluster",
  );
}

async function write(documents: Documents, out: string | undefined): Promise<void> {
  if (out === undefined) {
    console.log(JSON.stringify(Object.values(documents), null, 2));
    return;
  }
  for (const file of await writeDocuments(documents, out)) console.log(file);
}

async function run(stack: string, options: Options): Promise<void> {
  await demandRemoteStack(directory, shortName(stack));
  await ensureEngine();
  try {
    const engine = new Engine(directory).handOnSignals();
    const resources = await step(`Previewing ${stack}`, wayOut, () => resourcesOf(engine, stack));
    await write(await documentsOf(resources, shortName(stack), options), options.out);
  } catch (error) {
    throw error instanceof RangeError ? new StepError(`${stack}: ${error.message}`) : error;
  }
}

await program.parseAsync();
