import { realpathSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";

type Operations = Required<pulumi.dynamic.ResourceProvider>;

/** Operations of a dynamic resource, each by a function of the provider's module. Only their text is kept, so they can use nothing but their arguments. */
export type OperationsBy<Module> = {
  readonly [Name in keyof Operations]?: (
    module: Module,
    ...args: Parameters<Operations[Name]>
  ) => ReturnType<Operations[Name]>;
};

/**
 * A resource whose operations are in a module of this project. `pulumi.dynamic.Resource` would make the provider's text, which the engine keeps in the stack's state, of functions and
 * all that they refer to, which takes a debugger and a compiler at each start.
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
 * The text of a provider: a way to its module, so that a change of the code changes no state.
 *
 * @param url `import.meta.url` of the resource's module
 * @param name of the provider's module, from there, without its extension. Stacks have its path in their state, and import it for `pulumi refresh` and `destroy`: it stays.
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

/** Where a program finds this package, if it has it: by way of this link, pnpm's path with the version in it isn't seen. */
const installed = join("node_modules", "registry-cache");

/** From the directory that the program runs in: there, the engine also runs the provider's code, and a state can't name a directory of one machine. */
function providerPath(url: string, name: string): string {
  const own = fileURLToPath(url);
  const path = join(dirname(own), `${name}${extname(own)}`);
  const inPackage = relative(packageDirectory(), path);
  return inPackage.startsWith("..") ? relative(process.cwd(), path) : join(installed, inPackage);
}

/** Of {@link installed}; where there is none, a directory that has nothing. */
function packageDirectory(): string {
  try {
    return realpathSync(installed);
  } catch {
    return installed;
  }
}
