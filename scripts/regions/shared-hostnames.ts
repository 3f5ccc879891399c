import type { Problem } from "../../components/config/problems.ts";
import type { Configuration } from "../fleet/configurations.ts";

/**
 * Regions of several stacks that answer to one name: the later one takes the records of the earlier one. On a machine of one's own, ports tell them apart, and a public cache and a
 * private one have their records in different zones.
 */
export function sharedHostnames(configurations: readonly Configuration[]): Problem[] {
  const owners = new Map<string, string>();
  return configurations.flatMap(({ path, config }) =>
    config.regions.flatMap(({ endpoint }, index) => {
      const at = `${path}: regions[${index}].endpoint`;
      const { hostname, port } = endpoint;
      const name = config.provider === "local" ? `${hostname}:${port}` : hostname.toLowerCase();
      const records = isPrivate(endpoint) ? `private ${name}` : name;
      const owner = owners.get(records);
      if (owner === undefined) {
        owners.set(records, at);
        return [];
      }
      return [{ path: `${at}.hostname`, message: `${name} is also that of ${owner}` }];
    }),
  );
}

function isPrivate(endpoint: Configuration["config"]["regions"][number]["endpoint"]): boolean {
  return "exposure" in endpoint && endpoint.exposure === "private";
}
