import { z } from "zod";
import type { Problem } from "../../components/config/problems.ts";
import { cloudStacks } from "../../components/config/schema.ts";
import { type Resource, rule } from "../rule.ts";
import { valueAt } from "../values.ts";

interface Located {
  readonly provider: string;
  readonly regions: readonly { readonly name: string; readonly endpoint?: { readonly hostname: string } }[];
}

/** Providers whose region names are locations. */
const clouds = Object.keys(cloudStacks);

/** Patterns for the stack's name and for host names: the parameters of {@link location}. */
interface Patterns {
  readonly stackName: string;
  readonly hostname: string;
}

/** Finds regions and host names that don't match the stack's name, which is also the name of its file. */
function misplaced(stack: string, { provider, regions }: Located, patterns: Patterns): Problem[] {
  const isInCloud = clouds.includes(provider);
  const filled = (pattern: string, region: string) =>
    pattern.replaceAll("{provider}", provider).replaceAll("{region}", region);
  // With several regions, or outside a cloud, the stack's name needn't contain a region.
  const [only = "", ...others] = isInCloud ? regions.map(({ name }) => name) : [];
  const hasOne = only !== "" && others.length === 0;
  const beginning = filled(
    hasOne ? patterns.stackName : patterns.stackName.replace(/-?\{region\}.*/, ""),
    only,
  );
  const path = stack.startsWith(provider) ? "regions[0].name" : "provider";
  const wrongHosts = regions.flatMap(({ name, endpoint }, index) => {
    const part = filled(patterns.hostname, name);
    if (!isInCloud || !endpoint || endpoint.hostname.includes(part)) return [];
    const message = `${endpoint.hostname} doesn't contain ${part}`;
    return [{ path: `regions[${index}].endpoint.hostname`, message }];
  });
  return stack === beginning || stack.startsWith(`${beginning}-`)
    ? wrongHosts
    : [{ path, message: `the stack's name, ${stack}, doesn't begin with ${beginning}` }, ...wrongHosts];
}

/** The regions according to a stack's outputs. Undefined for the outputs of another program. */
function locatedBy({ props }: Resource): Located | undefined {
  const regions = Object.entries((props.cost ?? {}) as Record<string, unknown>).map(([name, cost]) => {
    const provider = String(valueAt("provider", cost));
    // A preview knows these URLs only if clients trust a public authority.
    const urls = clouds.includes(provider) ? (valueAt(`clients.${name}.chartUrls`, props) ?? {}) : {};
    const [url] = Object.values(urls as Record<string, string>);
    return { name, provider, ...(url !== undefined && { endpoint: new URL(url) }) };
  });
  return regions[0] && { provider: regions[0].provider, regions };
}

export const location = rule({
  name: "location",
  level: "mandatory",
  what: "In a cloud, a stack is called `<provider>-<region>`, like its file, and may continue with `-…`. Elsewhere, and with several regions, only the provider counts. The host name of a cache in a cloud contains its region.",
  why: "A file that was copied for another region, and changed only in part, would use the names of the first region.",
  parameters: {
    stackName: z
      .string()
      .default("{provider}-{region}")
      .describe("What a stack's name must begin with, before a hyphen or its end."),
    hostname: z.string().default("{region}").describe("What a host name must contain."),
  },
  all: (resources, patterns, stack) =>
    resources
      .filter(({ type }) => type === "pulumi:pulumi:Stack")
      .flatMap((resource) => {
        const located = locatedBy(resource);
        const problems = located ? misplaced(stack, located, patterns) : [];
        return problems.map(({ path, message }) => ({ resource, message: `${path}: ${message}` }));
      }),
  configuration: (stack, config, patterns) => misplaced(stack, config, patterns),
});
