import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Problem } from "../../components/config/problems.ts";
import { Engine } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/environment.ts";
import { isUnknownStack } from "../engine/trouble.ts";
import { ensureEngine } from "../setup/engine.ts";

/**
 * Finds what Pulumi itself refuses in Pulumi.yaml, such as an unknown setting of the backend. A preview checks that file and the engine's version before it looks for its stack. Here it
 * finds none, because its state is an empty directory.
 * @param known the problems of the stack files. If they name Pulumi.yaml, the engine isn't asked, because its messages say less.
 */
export async function projectProblems(directory: string, known: readonly Problem[]): Promise<Problem[]> {
  if (known.some(({ path }) => path === directory || path.includes(": Pulumi.yaml"))) return [];
  await ensureEngine();
  await using state = await mkdtempDisposable(join(tmpdir(), "registry-cache-check-"));
  const environment = { ...engineEnvironment(), PULUMI_BACKEND_URL: pathToFileURL(state.path).href };
  const { errors } = await new Engine(directory, environment).run("check", "preview");
  const refused = errors.filter((error) => !isUnknownStack(error));
  return refused.map((error) => ({ path: "Pulumi.yaml", message: error.replace(/^error: /, "") }));
}
