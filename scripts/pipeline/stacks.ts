import { shortName } from "../fleet/backend.ts";
import { providerOf, readStackFiles } from "../fleet/stack-files.ts";
import { StepError } from "../setup/steps.ts";

/**
 * The names of the project's stacks, sorted by file name.
 * @param wanted the stacks to return, with or without an organization, which is kept: `acme/aws-eu-central-1`. If empty, all except for those of the provider `local`, which are for a user's own machine
 * @throws StepError if a stack has no file
 */
export async function chosenStacks(directory: string, wanted: readonly string[]): Promise<string[]> {
  const { project, stacks, problems } = await readStackFiles(directory, wanted.map(shortName));
  if (problems.length > 0) {
    throw new StepError(problems.map(({ path, message }) => `${path}: ${message}`).join("\n✗ "));
  }
  return stacks
    .filter(({ text }) => wanted.length > 0 || providerOf(project, text) !== "local")
    .map(({ name }) => wanted.find((one) => shortName(one) === name) ?? name);
}
