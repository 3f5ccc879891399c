/** A file backend whose stacks have the state of an update that never ran. */
import { namespace } from "../../components/config/schema.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { storeStack } from "./file-backend.ts";
import { tempDir } from "./scope.ts";

export interface Imported extends AsyncDisposable {
  /** The environment for programs that use the backend. */
  readonly environment: NodeJS.ProcessEnv;
  /** Creates a stack without resources. */
  init(stack: string): Promise<void>;
  /** Creates a stack whose last `pulumi up` ended with these outputs. */
  withOutputs(stack: string, outputs: Readonly<Record<string, unknown>>): Promise<void>;
}

export async function importedStacks(): Promise<Imported> {
  await ensureEngine();
  const { path: directory, [Symbol.asyncDispose]: remove } = await tempDir();
  return {
    environment: {
      PULUMI_BACKEND_URL: `file://${directory}`,
      PULUMI_CONFIG_PASSPHRASE: "of no use to anyone",
    },
    init: (stack) => storeStack({ directory, stack }, {}),
    async withOutputs(stack, outputs) {
      const type = "pulumi:pulumi:Stack";
      const urn = `urn:pulumi:${stack}::${namespace}::${type}::${namespace}-${stack}`;
      await storeStack({ directory, stack }, { resources: [{ urn, custom: false, type, outputs }] });
    },
    [Symbol.asyncDispose]: remove,
  };
}
