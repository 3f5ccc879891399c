import * as pulumi from "@pulumi/pulumi";
import { type LoadedConfig, secretProblems } from "./config/load.ts";
import { moreMayFollow, type Problem, problemIf, withinRegions } from "./config/problems.ts";
import { refuse, warn } from "./config/refuse.ts";
import { configWarnings } from "./config/warnings.ts";
import { currentDate } from "./cost/date.ts";
import type { StackCost } from "./cost/stack-cost.ts";
import { goneRegions } from "./gone-regions.ts";
import { planStack } from "./plan-stack.ts";
import { RegionalCache } from "./regional-cache.ts";

export interface Caches {
  /** By region name. */
  readonly regions: Readonly<Record<string, RegionalCache>>;
  /** The estimated monthly cost of each region: docs/cost.md. */
  readonly cost: StackCost["regions"];
}

const optionNames = ["parent", "dependsOn", "protect"] as const;

/** Options of each region's component. The region's provider gets the same parent. */
export type CachesOptions = Pick<pulumi.ComponentResourceOptions, (typeof optionNames)[number]>;

/**
 * Creates the caches of all regions of a stack in three steps: plan, look up what exists at the provider, create. It reports the problems of all regions
 * together, before it creates any resource.
 *
 * @throws pulumi.RunError with all problems. Pulumi shows it without a stack trace.
 */
export async function createCaches(config: LoadedConfig, options: CachesOptions = {}): Promise<Caches> {
  refuse([...argumentProblems(config), ...optionProblems(options)]);
  const { stack, secrets } = config;
  const { regions } = stack;
  const today = currentDate();
  const { planned, cost } = await planStack(stack, pulumi.getStack(), today);
  warn([...configWarnings(stack), ...cost.warnings]);

  if (config.isWhole) warn(await goneRegions(stack));

  const ofSecrets = await secretProblems(config);
  const checked = await Promise.all(planned.map((region) => region.check(today)));
  for (const [index, { warnings }] of checked.entries()) warn(warnings, regions[index]?.name);
  const problems = withinRegions(checked.map(({ problems }) => problems));
  const isAsked = planned.some(({ hasProvider }) => hasProvider);
  refuse([...ofSecrets, ...problems, ...cost.problems], isAsked ? moreMayFollow.lookUp : undefined);

  const { parent } = options;
  const found = await Promise.all(planned.map((region) => region.lookUp(parent ? { parent } : {})));
  refuse(withinRegions(found.map(({ problems }) => problems)));

  const made = found.map((one) => {
    const own = one.provider ? { ...options, providers: [one.provider] } : options;
    return [one.plan.region.name, new RegionalCache({ found: one, secrets }, own)] as const;
  });
  return { regions: Object.fromEntries(made), cost: cost.regions };
}

/** A runtime check, because the compiler also accepts the result of `config.requireObject()` as the argument. */
function argumentProblems(config: object | undefined): Problem[] {
  const isRead = config !== undefined && "stack" in config;
  return problemIf(!isRead, "config", "createCaches() takes what readConfig() returns");
}

/** Programs in JavaScript can pass any option. With `provider`, for example, resources could go to an account other than the one looked up. */
function optionProblems(options: object): Problem[] {
  const message = `createCaches() takes ${optionNames.join(", ")} only`;
  return Object.keys(options)
    .filter((name) => !optionNames.some((it) => it === name))
    .map((name) => ({ path: `options.${name}`, message }));
}
