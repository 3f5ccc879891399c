/** What a stack is called, against what its file has. */
import type { Problem } from "../../components/config/problems.ts";
import { type Provider, providers, type StackConfig } from "../../components/config/schema.ts";
import { regionNames as awsRegions } from "../../components/hosts/aws/regions.ts";
import { regionNames as azureRegions } from "../../components/hosts/azure/regions.ts";
import type { Configuration } from "../cost/configurations.ts";

const knownRegions: Partial<Record<Provider, readonly string[]>> = { aws: awsRegions, azure: azureRegions };

/** A name that starts with a provider, or names one of its regions, is taken at its word: such a file was copied. @returns problems with paths in the configuration */
export function nameProblems(stack: string, { provider, regions }: StackConfig): Problem[] {
  const named = providers.find((one) => stack === one || stack.startsWith(`${one}-`));
  if (named !== undefined && named !== provider) {
    return [{ path: "provider", message: `is ${provider}, and the stack's name says ${named}` }];
  }
  const region = named && stack.slice(named.length + 1);
  if (region === undefined || !knownRegions[provider]?.includes(region)) return [];
  if (regions.some(({ name }) => name === region)) return [];
  const names = regions.map(({ name }) => name).join(", ");
  const path = regions.length === 1 ? "regions[0].name" : "regions";
  return [{ path, message: `is ${names}, and the stack's name says ${region}` }];
}

/** Regions of several stacks that answer to one name: the later one takes the records of the earlier one. On a machine of one's own, ports tell them apart. */
export function sharedHostnames(configurations: readonly Configuration[]): Problem[] {
  const owners = new Map<string, string>();
  return configurations.flatMap(({ path, config }) =>
    config.regions.flatMap(({ endpoint }, index) => {
      const at = `${path}: regions[${index}].endpoint`;
      const { hostname, port } = endpoint;
      const name = config.provider === "local" ? `${hostname}:${port}` : hostname.toLowerCase();
      const owner = owners.get(name);
      if (owner === undefined) {
        owners.set(name, at);
        return [];
      }
      return [{ path: `${at}.hostname`, message: `${name} is also that of ${owner}` }];
    }),
  );
}
