import { execa } from "execa";
import { z } from "zod";
import type { Problem } from "../../components/config/problems.ts";
import { parseWith } from "../../components/config/schema-problems.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { engineEnvironment } from "../setup/engine.ts";
import type { StackRegion } from "./review.ts";

export interface BackendEstimates {
  readonly regions: readonly StackRegion[];
  /** The names of the stacks that have no estimate there. */
  readonly unread: readonly string[];
  readonly problems: readonly Problem[];
}

/** How many stacks are asked for at once: each takes a process and up to 200 MB. */
const atOnce = 2;

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

/** An entry of `pulumi stack ls --json`. */
interface Listed {
  readonly name: string;
  /** A backend of files has the time of `stack init` here, others nothing before the first update. */
  readonly lastUpdate?: string;
  readonly resourceCount?: number;
}

/**
 * The output `cost` of the stacks in the Pulumi backend.
 * @param directory of the project
 * @param wanted names of stacks, all if there are none
 * @throws Error when the backend can't be asked which stacks it has.
 */
export async function estimatesOfBackend(
  directory: string,
  wanted: readonly string[],
  progress: (text: string) => void,
): Promise<BackendEstimates> {
  const pulumi = async (...args: string[]): Promise<unknown> => {
    const result = await execa("pulumi", [...args, "--json", "--non-interactive"], {
      cwd: directory,
      env: engineEnvironment(),
      stdin: "ignore",
      reject: false,
    });
    if (result.failed) throw new Error(result.stderr.trim() || result.shortMessage);
    return JSON.parse(result.stdout);
  };
  const listed = (await pulumi("stack", "ls")) as Listed[];
  const stacks = listed.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const unknown = wanted
    .filter((name) => !stacks.some((stack) => stack.name === name))
    .map((path) => ({
      path,
      message: `the backend has no such stack: ${known(listed.map(({ name }) => name))}`,
    }));

  const read: BackendEstimates[] = [];
  const queue = [...stacks];
  const work = async () => {
    for (let stack = queue.shift(); stack; stack = queue.shift()) {
      const { name } = stack;
      read.push(await estimatesOfStack(stack, () => pulumi("stack", "output", "--stack", name)));
      progress(`${name}: read, ${read.length} of ${stacks.length}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    regions: read
      .flatMap(({ regions }) => regions)
      .sort((one, other) => one.stack.localeCompare(other.stack)),
    unread: [...unknown.map(({ path }) => path), ...read.flatMap(({ unread }) => unread)],
    problems: [...unknown, ...read.flatMap(({ problems }) => problems)],
  };
}

async function estimatesOfStack(
  { name, lastUpdate, resourceCount }: Listed,
  readOutputs: () => Promise<unknown>,
): Promise<BackendEstimates> {
  const failed = (message: string) => ({ regions: [], unread: [name], problems: [{ path: name, message }] });
  if (lastUpdate === undefined || resourceCount === 0) {
    return failed(
      `was never brought up, or was taken down: \`npm run cost -- ${name}\` estimates it from its file`,
    );
  }
  let outputs: unknown;
  try {
    outputs = await readOutputs();
  } catch (error) {
    return failed(`its outputs can't be read: ${(error as Error).message}`);
  }
  const { cost } = outputs as { cost?: unknown };
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

function known(names: readonly string[]): string {
  return names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
}
