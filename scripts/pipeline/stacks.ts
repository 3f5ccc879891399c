import { readStackFile } from "../../components/config/stack-file.ts";
import { shortName } from "../fleet/backend.ts";
import { readStackFiles } from "../fleet/stack-files.ts";
import { StepError } from "../setup/steps.ts";

/**
 * The names of the project's stacks, sorted by those of their files.
 * @param wanted only these, also with an organization, which then stays: `acme/aws-eu-central-1`; otherwise all but those of the provider `local`, which are for one's own machine
 * @throws StepError when a stack has no file
 */
export async function chosenStacks(directory: string, wanted: readonly string[]): Promise<string[]> {
  const { project, stacks, problems } = await readStackFiles(directory, wanted.map(shortName));
  if (problems.length > 0) {
    throw new StepError(problems.map(({ path, message }) => `${path}: ${message}`).join("\n✗ "));
  }
  const isLocal = (text: string) => {
    try {
      return readStackFile(project, text).provider === "local";
    } catch {
      // What isn't YAML is said by the engine.
      return false;
    }
  };
  return stacks
    .filter(({ text }) => wanted.length > 0 || !isLocal(text))
    .map(({ name }) => wanted.find((one) => shortName(one) === name) ?? name);
}
