import { realpathSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";

type Operations = Required<pulumi.dynamic.ResourceProvider>;

/** The operations of a dynamic resource. Each calls a function of the provider's module. Only the source text of an operation is kept, so it can use nothing but its arguments. */
export type OperationsBy<Module> = {
  readonly [Name in keyof Operations]?: (
    module: Module,
    ...args: Parameters<Operations[Name]>
  ) => ReturnType<Operations[Name]>;
};

/**
 * A dynamic resource whose operations are in a module of this project. `pulumi.dynamic.Resource` instead serializes the operations, with everything that they refer to, into the
 * stack's state. That serialization needs a debugger and a compiler at each start.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
  /**
   * @param provider from {@link providerText}
   * @param type `module:Type`
   */
  constructor(
    provider: string,
    type: string,
    name: string,
    args: pulumi.Inputs,
    options?: pulumi.CustomResourceOptions,
  ) {
    super(`pulumi-nodejs:dynamic/${type}`, name, { ...args, __provider: provider }, options);
  }
}

/**
 * The text of a provider. It only imports the provider's module, so a change to the module's code changes no state.
 *
 * @param url `import.meta.url` of the resource's module
 * @param name path of the provider's module, relative to `url`, without extension. It never changes: states contain it, and `pulumi refresh` and `destroy` import the module by it.
 */
export function providerText<Module>(url: string, name: string, operations: OperationsBy<Module>): string {
  const entries = Object.entries(operations).map(
    ([operation, by]) => `    ${operation}: call(${by.toString()}),\n`,
  );
  return `exports.handler = () => {
  const call = (operation) => async (...args) =>
    operation(await import(process.cwd() + ${JSON.stringify(`/${providerPath(url, name)}`)}), ...args);
  return {
${entries.join("")}  };
};
`;
}

/** Path of this package in a program that depends on it. With pnpm, this link hides the real path, which contains the version. */
const installed = join("node_modules", "registry-cache");

/** The module's path, relative to the program's directory: the engine runs the provider's code there too, and an absolute path would tie the state to one machine. */
function providerPath(url: string, name: string): string {
  const own = fileURLToPath(url);
  const path = join(dirname(own), `${name}${extname(own)}`);
  const inPackage = relative(packageDirectory(), path);
  return inPackage.startsWith("..") ? relative(process.cwd(), path) : join(installed, inPackage);
}

/** The directory that {@link installed} links to. If the link doesn't exist, a path below which there are no files. */
function packageDirectory(): string {
  try {
    return realpathSync(installed);
  } catch {
    return installed;
  }
}
