/** Reads the files, the backend and the endpoints. If one of them fails, the others' results are still shown. */
import { cacheUrl } from "../../components/clients/cache-address.ts";
import { hint, type Problem } from "../../components/config/problems.ts";
import { estimatesOf } from "../cost/estimates.ts";
import { type Backend, type BackendStack, type Commit, forEachStack } from "../fleet/backend.ts";
import { type Configuration, configurationsOf } from "../fleet/configurations.ts";
import { healthOf } from "../fleet/health.ts";
import { type CacheOutput, parseOutputs, type ReadOutputs } from "../fleet/outputs.ts";
import type { ProjectFiles } from "../fleet/stack-files.ts";
import { changedSince } from "./changed-since.ts";
import type { Fleet, FleetRegion } from "./fleet.ts";
import { runningPod } from "./running-pod.ts";
import { versionsOf } from "./versions.ts";

export interface CollectOptions {
  /** The files of all stacks. */
  readonly files: ProjectFiles;
  readonly backend: Backend;
  /** The stacks to show. All, if empty. */
  readonly wanted: readonly string[];
  /** Checks only health, without estimates from the files. @default false */
  readonly healthOnly?: boolean;
  /** Time limit for each endpoint. */
  readonly timeoutSeconds: number;
  /** Called with what is being done if that may take seconds. */
  readonly progress: (text: string) => void;
}

/** A stack that is known from its file, from the backend, or both. */
interface Known {
  readonly stack: string;
  readonly configuration: Configuration | undefined;
  readonly deployed: BackendStack | undefined;
  readonly state: FleetRegion["state"];
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
  const absent = ofBackend.length > 0 ? "unknown" : "not up";
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
  const known = [...names]
    .filter(isWanted)
    .sort()
    .map((stack): Known => {
      const configuration = configurations.find((one) => one.stack === stack);
      const own = deployed.find(({ name }) => name === stack);
      const state = own?.updated === undefined ? absent : "up";
      return { stack, configuration, deployed: own, state };
    });
  const unknown = wanted.filter((name) => !names.has(name));
  let count = 0;
  const found = await forEachStack(known, async (stack) => {
    const part = await collectStack(stack, options, at);
    progress(`${stack.stack}: asked, ${++count} of ${known.length}`);
    return part;
  });
  // Endpoints are checked while the backend is still asked about further stacks.
  const regions = await Promise.all(found.flatMap(({ regions }) => regions));
  const unwanted = files.stacks.filter(({ name }) => !isWanted(name)).map(({ path }) => path);
  return {
    at,
    regions,
    problems: [
      ...unknown.map((path) => ({ path, message: `there is no such stack: ${hint(path, [...names])}` })),
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
    const message = `can't be read, so this is from the stack files alone: ${(error as Error).message}`;
    return { stacks: [], problems: [{ path: "the Pulumi backend", message }] };
  }
}

interface Part {
  readonly regions: readonly Promise<FleetRegion>[];
  readonly problems: readonly Problem[];
}

async function collectStack(known: Known, options: CollectOptions, at: string): Promise<Part> {
  const { stack, configuration, deployed, state } = known;
  const inFile = configuration ? regionsOfFile(configuration, state) : [];
  const costOf = (region: string) =>
    configuration && !options.healthOnly ? estimatedCost(configuration, region, at) : {};
  /** Regions without an endpoint to check. */
  const unasked = (what: Pick<FleetRegion, "updated">, problems: readonly Problem[] = []) => ({
    regions: inFile.map(async (region) => ({ ...region, ...what, ...costOf(region.region) })),
    problems,
  });
  if (deployed?.updated === undefined) return unasked({});
  const { updated } = deployed;
  let outputs: ReadOutputs;
  try {
    outputs = parseOutputs(await options.backend.outputs(deployed));
  } catch (error) {
    const message = `its outputs can't be read: ${(error as Error).message}`;
    return unasked({ updated }, [{ path: stack, message }]);
  }
  const { commit, problems } = options.healthOnly ? { problems: [] } : await commitOf(deployed, options);
  const names = new Set([...inFile.map(({ region }) => region), ...Object.keys(outputs.caches)]);
  const regions = [...names].map(async (name): Promise<FleetRegion> => {
    const cache = outputs.caches[name];
    const own = inFile.find(({ region }) => region === name);
    if (!cache) return { ...(own as FleetRegion), updated, changed: ["new"], ...costOf(name) };
    const cost = outputs.cost[name];
    const statusPage = outputs.monitoring[name]?.statusPage;
    return {
      stack,
      region: name,
      state,
      provider: own?.provider ?? cost?.provider,
      topology: cache.topology,
      endpoint: cache.endpoint,
      ...(statusPage !== undefined && { statusPage }),
      upstreams: cache.upstreams.map(({ registry }) => registry),
      updated,
      ...(commit && { commit }),
      ...(configuration && {
        versions: versionsOf(configuration.config.images),
        changed: changedSince(configuration.config, name, cache),
      }),
      ...(await asked(cache, statusPage, options)),
      ...(cost
        ? { cost: { usd: cost.totals.byPayer.us, complete: cost.totals.complete, from: "outputs" } }
        : costOf(name)),
    };
  });
  return { regions, problems };
}

async function commitOf(
  deployed: BackendStack,
  { backend }: CollectOptions,
): Promise<{ readonly commit?: Commit | undefined; readonly problems: readonly Problem[] }> {
  try {
    return { commit: await backend.commit(deployed), problems: [] };
  } catch (error) {
    const message = `its history can't be read: ${(error as Error).message}`;
    return { problems: [{ path: deployed.name, message }] };
  }
}

/** The cache's own answers. */
async function asked(
  cache: CacheOutput,
  statusPage: string | undefined,
  { timeoutSeconds, healthOnly }: CollectOptions,
): Promise<Pick<FleetRegion, "health" | "pod">> {
  const ca = cache.ca?.certificate;
  const [health, pod] = await Promise.all([
    healthOf(cache, { timeoutSeconds }),
    statusPage === undefined || healthOnly ? {} : runningPod(statusPage, { ca, timeoutSeconds }),
  ]);
  return { health, pod: { ...(cache.pod !== undefined && { wanted: cache.pod }), ...pod } };
}

function regionsOfFile({ stack, config }: Configuration, state: FleetRegion["state"]): FleetRegion[] {
  return config.regions.map(({ name, topology, endpoint }) => ({
    stack,
    region: name,
    state,
    provider: config.provider,
    topology,
    endpoint: cacheUrl(endpoint),
    upstreams: config.upstreams.map(({ registry }) => registry),
    versions: versionsOf(config.images),
  }));
}

function estimatedCost(configuration: Configuration, region: string, at: string): Pick<FleetRegion, "cost"> {
  const { regions } = estimatesOf(configuration, at.slice(0, 10));
  const estimate = regions.find((one) => one.estimate.region === region)?.estimate;
  if (!estimate || estimate.lines.length === 0) return {};
  const { byPayer, complete } = estimate.totals;
  return { cost: { usd: byPayer.us, complete, from: "file" } };
}
