import * as pulumi from "@pulumi/pulumi";
import { accountProblems } from "./accounts.ts";
import { isMapping } from "./config/as-written.ts";
import { type LoadedConfig, secretProblems } from "./config/load.ts";
import { moreMayFollow, type Problem, problemIf, withinRegions } from "./config/problems.ts";
import { refuse, warn } from "./config/refuse.ts";
import { configWarnings } from "./config/warnings.ts";
import { currentDate } from "./cost/date.ts";
import type { StackCost } from "./cost/stack-cost.ts";
import { goneRegions } from "./gone-regions.ts";
import { perRun } from "./hosts/per-run.ts";
import { failWithoutEngine } from "./lost-connection.ts";
import { planStack } from "./plan-stack.ts";
import { RegionalCache } from "./regional-cache.ts";

export interface Caches {
  /** By region name. */
  readonly regions: Readonly<Record<string, RegionalCache>>;
  /** The estimated monthly cost of each region: docs/cost.md. */
  readonly cost: StackCost["regions"];
}

const optionNames = ["parent", "aliases", "dependsOn"] as const;

/** Options of each region's component. The region's provider gets the same parent and aliases. */
export type CachesOptions = Pick<pulumi.ComponentResourceOptions, (typeof optionNames)[number]>;

/**
 * Creates the caches of all regions of a stack in three steps: plan, look up what exists at the provider, create. It reports the problems of all regions
 * together, before it creates any resource.
 *
 * @throws pulumi.RunError with all problems. Pulumi shows it without a stack trace.
 */
export async function createCaches(config: LoadedConfig, options: CachesOptions = {}): Promise<Caches> {
  failWithoutEngine();
  refuse([...argumentProblems(config), ...optionProblems(options)]);
  const { stack, secrets } = config;
  const { regions } = stack;
  const { parent, aliases } = options;
  const today = currentDate();
  const { planned, cost } = await planStack(stack, pulumi.getStack(), today);
  warn([...configWarnings(stack), ...cost.warnings]);

  if (config.isWhole) warn(await goneRegions(stack));

  const ofSecrets = await secretProblems(config);
  const checked = await Promise.all(planned.map((region) => region.check(today)));
  for (const [index, { warnings }] of checked.entries()) warn(warnings, regions[index]?.name);
  const problems = withinRegions(checked.map(({ problems }) => problems));
  const isAsked = checked.some(({ hasProvider }) => hasProvider);
  const made = regionsOfRun();
  const others = [
    ...accountProblems(stack, Object.keys(pulumi.runtime.allConfig()), parent),
    ...repeatedProblems(stack, made),
  ];
  refuse(
    [...others, ...ofSecrets, ...problems, ...cost.problems],
    isAsked ? moreMayFollow.lookUp : undefined,
  );

  for (const { name } of regions) made.add(name);
  const ofProvider = { ...(parent && { parent }), ...(aliases && { aliases }) };
  const found = await Promise.all(planned.map((region) => region.lookUp(ofProvider)));
  refuse(withinRegions(found.map(({ problems }) => problems)));

  const caches = found.map((one) => {
    const own = one.provider ? { ...options, providers: [one.provider] } : options;
    return [one.plan.region.name, new RegionalCache({ found: one, secrets }, own)] as const;
  });
  return { regions: Object.fromEntries(caches), cost: cost.regions };
}

/** Names of the regions that a run of the program makes. */
const regionsOfRun = perRun(() => new Set<string>());

/** The resources of a second cache of the same region would have the same names. */
function repeatedProblems({ regions }: LoadedConfig["stack"], made: ReadonlySet<string>): Problem[] {
  return regions.flatMap(({ name }, index) =>
    problemIf(
      made.has(name),
      `regions[${index}].name`,
      "another call of createCaches() in this run has a region of this name",
    ),
  );
}

/** A runtime check, because the compiler also accepts the result of `config.requireObject()` as the argument. */
function argumentProblems(config: unknown): Problem[] {
  const isRead = isMapping(config) && "stack" in config;
  return problemIf(!isRead, "config", "createCaches() takes what readConfig() returns");
}

/** Programs in JavaScript can pass any option. With `provider`, for example, resources could go to an account other than the one looked up. */
function optionProblems(options: unknown): Problem[] {
  const message = `createCaches() takes ${optionNames.join(", ")} only`;
  // All resources would inherit it, and everyday changes replace resources that are named by their content.
  const ofProtect =
    "leave it out: the disks of machines are always protected, and updates must replace other resources";
  if (!isMapping(options)) return [{ path: "options", message }];
  const { parent, aliases = [] } = options;
  const isOfParents =
    Array.isArray(aliases) && aliases.every((it) => isMapping(it) && Object.keys(it).join() === "parent");
  return [
    ...Object.keys(options)
      .filter((name) => !optionNames.some((it) => it === name))
      .map((name) => ({ path: `options.${name}`, message: name === "protect" ? ofProtect : message })),
    ...problemIf(
      parent !== undefined && !pulumi.Resource.isInstance(parent),
      "options.parent",
      "must be a resource: pass the component itself",
    ),
    // Any other alias would be that of several resources.
    ...problemIf(
      !isOfParents,
      "options.aliases",
      "must be a list of `{ parent }`, because it applies to all regions and their providers",
    ),
  ];
}
