import { z } from "zod";
import { itHas, type Problem } from "../../components/config/problems.ts";
import { parseWith } from "../../components/config/schema-problems.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import {
  type Backend,
  type BackendStack,
  backendOf,
  forEachStack,
  type StackOutputs,
  shortName,
} from "../fleet/backend.ts";
import type { StackRegion } from "./review.ts";

export interface BackendEstimates {
  readonly regions: readonly StackRegion[];
  /** The names of the stacks that have no estimate there. */
  readonly unread: readonly string[];
  readonly problems: readonly Problem[];
}

/** What this program reads of the output `cost`; stacks may have been brought up by another version of it. */
const costOutput = z.record(
  z.string(),
  z.looseObject({
    region: z.string(),
    provider: z.string(),
    lines: z.array(
      z.looseObject({ name: z.string(), kind: z.string(), basis: z.string(), paidBy: z.string() }),
    ),
    totals: z.looseObject({
      all: z.number(),
      byPayer: z.record(z.string(), z.number()),
      complete: z.boolean(),
    }),
    usage: z.looseObject({ pulledGiB: z.number(), filledGiB: z.number() }),
    notPriced: z.array(z.unknown()),
    assumptions: z.array(z.string()),
    warnings: z.array(z.string()),
    priceDate: z.string().optional(),
  }),
);

/**
 * The output `cost` of the stacks in the Pulumi backend.
 * @param directory of the project
 * @param named stacks as for backendOf(), all if there are none
 * @throws Error when the backend can't be asked which stacks it has.
 */
export async function estimatesOfBackend(
  directory: string,
  named: readonly string[],
  progress: (text: string) => void,
): Promise<BackendEstimates> {
  const backend = backendOf(directory, named);
  const wanted = named.map(shortName);
  const listed = await backend.stacks();
  const stacks = listed.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const unknown = wanted
    .filter((name) => !stacks.some((stack) => stack.name === name))
    .map((path) => ({
      path,
      message: `the backend has no such stack: ${itHas(listed.map(({ name }) => name))}`,
    }));

  let count = 0;
  const read = await forEachStack(stacks, async (stack) => {
    const estimates = await estimatesOfStack(stack, backend);
    progress(`${stack.name}: read, ${++count} of ${stacks.length}`);
    return estimates;
  });
  return {
    regions: read
      .flatMap(({ regions }) => regions)
      .sort((one, other) => one.stack.localeCompare(other.stack)),
    unread: [...unknown.map(({ path }) => path), ...read.flatMap(({ unread }) => unread)],
    problems: [...unknown, ...read.flatMap(({ problems }) => problems)],
  };
}

async function estimatesOfStack(stack: BackendStack, backend: Backend): Promise<BackendEstimates> {
  const { name, updated } = stack;
  const failed = (message: string) => ({ regions: [], unread: [name], problems: [{ path: name, message }] });
  if (updated === undefined) {
    return failed(
      `was never brought up, or was taken down: \`npm run cost -- ${name}\` estimates it from its file`,
    );
  }
  let outputs: StackOutputs;
  try {
    outputs = await backend.outputs(stack);
  } catch (error) {
    return failed(`its outputs can't be read: ${(error as Error).message}`);
  }
  const { cost } = outputs;
  if (cost === undefined) {
    return failed("has no output `cost`: it was brought up by an older version; `pulumi up` brings it");
  }
  const { data, problems } = parseWith(costOutput, cost);
  if (!data) {
    const [first] = problems;
    const what = `${first?.path} ${first?.message}`;
    return failed(`has an output \`cost\` of another version (${what}): \`pulumi up\` renews it`);
  }
  const estimates = Object.values(data) as unknown as RegionEstimate[];
  return { regions: estimates.map((estimate) => ({ stack: name, estimate })), unread: [], problems: [] };
}
