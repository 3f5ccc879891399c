/** A file backend whose stacks have the state of an update that never ran. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { namespace } from "../../components/config/schema.ts";
import { engineEnvironment, ensureEngine } from "../../scripts/setup/engine.ts";
import { projectDirectory } from "./project.ts";
import { tempDir } from "./scope.ts";

export interface Imported extends AsyncDisposable {
  /** The environment for programs that use the backend. */
  readonly environment: NodeJS.ProcessEnv;
  /** Creates a stack without resources. @param project its directory */
  init(project: string, stack: string): Promise<void>;
  /** Creates a stack whose last `pulumi up` ended with these outputs. */
  withOutputs(project: string, stack: string, outputs: object): Promise<void>;
}

export async function importedStacks(): Promise<Imported> {
  await ensureEngine();
  const { path, [Symbol.asyncDispose]: remove } = await tempDir();
  await mkdir(join(path, "state"));
  const environment = {
    PULUMI_BACKEND_URL: `file://${join(path, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of no use to anyone",
  };
  const pulumi = (cwd: string, args: readonly string[], input?: string) =>
    execa("pulumi", [...args, "--non-interactive"], {
      cwd,
      env: { ...engineEnvironment(), ...environment },
      preferLocal: true,
      localDir: projectDirectory,
      ...(input !== undefined && { input }),
    });
  const init = async (project: string, stack: string) => {
    await pulumi(project, ["stack", "init", "--no-select", stack]);
  };
  return {
    environment,
    init,
    async withOutputs(project, stack, outputs) {
      const urn = `urn:pulumi:${stack}::${namespace}::pulumi:pulumi:Stack::${namespace}-${stack}`;
      const deployment = {
        manifest: { time: new Date().toISOString(), magic: "", version: "" },
        resources: [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }],
      };
      await init(project, stack);
      const state = JSON.stringify({ version: 3, deployment });
      await pulumi(project, ["stack", "import", "--stack", stack], state);
    },
    [Symbol.asyncDispose]: remove,
  };
}
