/** Asks the files, the backend and the endpoints. What one of them doesn't tell keeps nobody from what the others do. */
import { cacheUrl } from "../../components/clients/cache-address.ts";
import { itHas, type Problem } from "../../components/config/problems.ts";
import { type Configuration, configurationsOf } from "../cost/configurations.ts";
import { estimatesOf } from "../cost/estimates.ts";
import { billOf } from "../cost/review.ts";
import { type Backend, type BackendStack, forEachStack } from "../fleet/backend.ts";
import { healthOf } from "../fleet/health.ts";
import { parseOutputs, type ReadOutputs } from "../fleet/outputs.ts";
import type { ProjectFiles } from "../fleet/stack-files.ts";
import type { Fleet, FleetRegion, MonthlyCost } from "./fleet.ts";
import { pendingChanges } from "./pending.ts";
import { runningPod } from "./running-pod.ts";

export interface CollectOptions {
  /** Of all stacks. */
  readonly files: ProjectFiles;
  readonly backend: Backend;
  /** The stacks that are asked for, all if there are none. */
  readonly wanted: readonly string[];
  /** Health only: no estimates from the files. @default false */
  readonly healthOnly?: boolean;
  /** For each endpoint. */
  readonly timeoutSeconds: number;
  /** Told what is being done where that may take seconds. */
  readonly progress: (text: string) => void;
}

/** A stack by its file, by the backend, or by both. */
interface Known {
  readonly stack: string;
  readonly configuration: Configuration | undefined;
  readonly deployed: BackendStack | undefined;
}

export async function collect(options: CollectOptions): Promise<Fleet> {
  const { files, backend, wanted, progress } = options;
  const at = new Date().toISOString();
  const { configurations, problems: inFiles } = configurationsOf(files);
  const { stacks: deployed, problems: ofBackend } = await stacksOf(backend);
  const names = new Set([
    ...files.stacks.map(({ name }) => name),
    ...files.unread,
    ...deployed.filter(({ updated }) => updated !== undefined).map(({ name }) => name),
  ]);
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
  const known = [...names]
    .filter(isWanted)
    .sort()
    .map((stack): Known => {
      const configuration = configurations.find((one) => one.stack === stack);
      return { stack, configuration, deployed: deployed.find(({ name }) => name === stack) };
    });
  const unknown = wanted.filter((name) => !names.has(name));
  let count = 0;
  const found = await forEachStack(known, async (stack) => {
    const part = await collectStack(stack, options, at);
    progress(`${stack.stack}: asked, ${++count} of ${known.length}`);
    return part;
  });
  // The endpoints are asked while the backend tells of the next stacks.
  const regions = await Promise.all(found.flatMap(({ regions }) => regions));
  const unwanted = files.stacks.filter(({ name }) => !isWanted(name)).map(({ path }) => path);
  return {
    at,
    regions,
    problems: [
      ...unknown.map((path) => ({ path, message: `there is no such stack: ${itHas([...names])}` })),
      ...inFiles.filter(({ path }) => !unwanted.some((other) => path.startsWith(`${other}: `))),
      ...ofBackend,
      ...found.flatMap(({ problems }) => problems),
    ],
  };
}

async function stacksOf(backend: Backend): Promise<{ stacks: readonly BackendStack[]; problems: Problem[] }> {
  try {
    return { stacks: await backend.stacks(), problems: [] };
  } catch (error) {
    const message = `can't be asked, so this is from the stack files alone: ${(error as Error).message}`;
    return { stacks: [], problems: [{ path: "the Pulumi backend", message }] };
  }
}

interface Part {
  readonly regions: readonly Promise<FleetRegion>[];
  readonly problems: readonly Problem[];
}

async function collectStack(known: Known, options: CollectOptions, at: string): Promise<Part> {
  const { stack, configuration, deployed } = known;
  const fromFile = configuration ? regionsOfFile(configuration, options, at) : [];
  if (deployed?.updated === undefined)
    return { regions: fromFile.map(async (region) => region), problems: [] };
  let outputs: ReadOutputs;
  try {
    outputs = parseOutputs(await options.backend.outputs(deployed));
  } catch (error) {
    const message = `its outputs can't be read: ${(error as Error).message}`;
    return { regions: fromFile.map(async (region) => region), problems: [{ path: stack, message }] };
  }
  const gone = Object.keys(outputs.caches).filter((name) => !fromFile.some(({ region }) => region === name));
  const names = [...fromFile.map(({ region }) => region), ...gone];
  return {
    regions: names.map((name) =>
      deployedRegion(name, { ...known, outputs, updated: deployed.updated as string }, fromFile, options),
    ),
    problems: [],
  };
}

/** A region as its file has it. */
function regionsOfFile(
  configuration: Configuration,
  { healthOnly }: CollectOptions,
  at: string,
): FleetRegion[] {
  const { stack, config } = configuration;
  const estimates = healthOnly ? [] : estimatesOf(configuration, at.slice(0, 10)).regions;
  return config.regions.map(({ name, topology, endpoint }): FleetRegion => {
    const estimate = estimates.find((one) => one.estimate.region === name)?.estimate;
    const bill = estimate && estimate.lines.length > 0 ? billOf(estimate) : undefined;
    return {
      stack,
      region: name,
      provider: config.provider,
      topology,
      endpoint: cacheUrl(endpoint),
      upstreams: config.upstreams.map(({ registry }) => registry),
      pending: [],
      ...(bill && { cost: { usd: bill.us, complete: bill.complete, from: "file" } satisfies MonthlyCost }),
    };
  });
}

interface Deployed extends Known {
  readonly outputs: ReadOutputs;
  readonly updated: string;
}

async function deployedRegion(
  name: string,
  { stack, configuration, outputs, updated }: Deployed,
  fromFile: readonly FleetRegion[],
  { timeoutSeconds, healthOnly }: CollectOptions,
): Promise<FleetRegion> {
  const inFile = fromFile.find(({ region }) => region === name);
  const cache = outputs.caches[name];
  if (!cache) return { ...(inFile as FleetRegion), updated, pending: ["the region is new"] };
  const { statusPage } = outputs.monitoring[name] ?? {};
  const cost = outputs.cost[name];
  const [health, pod] = await Promise.all([
    healthOf(cache, { timeoutSeconds }),
    statusPage === undefined || healthOnly
      ? {}
      : runningPod(statusPage, { ca: cache.ca?.certificate, timeoutSeconds }),
  ]);
  return {
    stack,
    region: name,
    provider: inFile?.provider ?? cost?.provider,
    topology: cache.topology,
    endpoint: cache.endpoint,
    upstreams: cache.upstreams.map(({ registry }) => registry),
    updated,
    pending: configuration ? pendingChanges(configuration.config, name, cache) : ["no file that can be read"],
    pod: { ...(cache.pod !== undefined && { wanted: cache.pod }), ...pod },
    health,
    ...(cost
      ? { cost: { usd: cost.totals.byPayer.us, complete: cost.totals.complete, from: "outputs" } as const }
      : inFile?.cost && { cost: inFile.cost }),
  };
}
