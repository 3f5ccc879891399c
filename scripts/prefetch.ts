/** `npm run prefetch -- --help`, and docs/prefetch.md#by-hand-and-from-a-pipeline. */
import { readFileSync } from "node:fs";
import pMap from "p-map";
import { referenceText } from "../components/config/image-reference.ts";
import { type Prefetch, platformWarning, referenceProblem } from "../components/config/prefetch.ts";
import { itHas, type Problem } from "../components/config/problems.ts";
import { ReleaseFileError, referencesOf } from "../components/config/release-file.ts";
import { commandLine } from "./command/command-line.ts";
import { problemsError } from "./command/problems.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { isUnknownStack } from "./engine/trouble.ts";
import { backendOf, shortName } from "./fleet/backend.ts";
import { configurationOf } from "./fleet/configurations.ts";
import { healthOf } from "./fleet/health.ts";
import { type CacheOutput, parseOutputs } from "./fleet/outputs.ts";
import { Registry, wantedImages } from "./prefetch/registry.ts";
import { megabytes, problemOf, type Warmed, warm } from "./prefetch/warm.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureTool } from "./setup/from-source/go-tools.ts";

/** Number of caches that are filled in parallel. */
const cachesAtOnce = 4;

interface Options {
  readonly file?: string[];
  readonly charts?: string;
  readonly platform?: string[];
  readonly region?: string[];
  readonly dryRun?: true;
}

const each = (value: string, others: readonly string[] = []) => [...others, value];

const program = commandLine("npm run prefetch --")
  .description(
    "Has the caches of a stack fetch images and charts before clusters ask for them: docs/prefetch.md#by-hand-and-from-a-pipeline.",
  )
  .argument("<stack>", "name of the stack")
  .argument("[image...]", "Default, without --file: what `prefetch` of the stack's configuration says")
  .option("--file <file>", "with images or charts of a release; more than once for more", each)
  .option("--charts <template>", "where the charts of the files are")
  .option("--platform <platform>", "such as linux/arm64, or all; more than once for more", each)
  .option("--region <region>", "one of the stack's; more than once for more. Default: all", each)
  .option("--dry-run", "say what is missing, and fetch nothing")
  .action((stack: string, images: string[], options: Options) =>
    runSteps(() => prefetch(stack, images, options)),
  );

await program.parseAsync();

async function prefetch(stack: string, images: readonly string[], options: Options): Promise<void> {
  for (const platform of options.platform ?? []) {
    const warning = platform === "all" ? undefined : platformWarning(platform);
    if (warning) console.error(`! --platform: ${warning}`);
  }
  await ensureEngine();
  const regctl = await ensureTool("regctl");
  const wanted = { ...(await wantedOf(stack, images, options)), dryRun: options.dryRun === true };
  const caches = await cachesOf(stack, options.region);
  const found = await pMap(caches, ([region, cache]) => fill(region, cache, wanted, regctl), {
    concurrency: cachesAtOnce,
  });
  const missing = found.flat();
  if (missing.length > 0) throw problemsError(missing);
}

/** The images and charts that should be in the caches, and the platforms. */
interface Wanted {
  readonly texts: readonly string[];
  readonly platforms: Prefetch["platforms"];
}

async function wantedOf(
  stack: string,
  images: readonly string[],
  { file: files = [], charts, platform }: Options,
): Promise<Wanted> {
  const chosen = platform?.includes("all") ? "all" : platform;
  if (images.length > 0 || files.length > 0) {
    const texts = [...images, ...files.flatMap((file) => ofFile(file, charts))];
    return { texts: [...new Set(texts)], platforms: chosen ?? ["linux/amd64", "linux/arm64"] };
  }
  const { prefetch } = (await configurationOf(process.cwd(), shortName(stack))).config;
  if (!prefetch)
    throw new StepError(`${stack} has no \`prefetch\` in its configuration: name images, or a file.`);
  return { texts: prefetch.references.map(referenceText), platforms: chosen ?? prefetch.platforms };
}

function ofFile(path: string, charts: string | undefined): string[] {
  try {
    return referencesOf(path, readFileSync(path, "utf8"), charts);
  } catch (error) {
    if (error instanceof ReleaseFileError) throw new StepError(`${path} ${error.message}`);
    throw new StepError(`${path} can't be read: ${(error as Error).message}`);
  }
}

/** @param wanted names of regions. @default all @returns the stack's caches, by region */
async function cachesOf(stack: string, wanted?: readonly string[]): Promise<[string, CacheOutput][]> {
  const backend = backendOf(process.cwd());
  try {
    const outputs = await backend.outputs({ name: stack, updated: undefined });
    if (Object.keys(outputs).length === 0) throw new Error("isn't up: `pulumi up` makes its caches");
    const { caches } = parseOutputs(outputs);
    const known = Object.keys(caches);
    const regions = wanted ?? known;
    const unknown = regions.filter((region) => !known.includes(region));
    if (unknown.length > 0) throw new Error(`has no region ${unknown.join(", ")}: ${itHas(known)}`);
    return Object.entries(caches).filter(([region]) => regions.includes(region));
  } catch (error) {
    const { message } = error as Error;
    if (!isUnknownStack(message)) throw new StepError(`${stack}: ${message}`);
    const known = (await backend.stacks()).map(({ name }) => name);
    throw new StepError(`${stack}: the backend has no such stack: ${itHas(known)}`);
  }
}

/** @returns what is still missing at the end, and why */
async function fill(
  region: string,
  cache: CacheOutput,
  { texts, ...options }: Wanted & { readonly dryRun: boolean },
  regctl: string,
): Promise<Problem[]> {
  const refused = texts.flatMap((text) => {
    const problem = referenceProblem(text, cache.upstreams);
    return problem === undefined ? [] : [{ path: region, message: `${text} ${problem}` }];
  });
  if (refused.length > 0) return refused;
  // An endpoint that doesn't answer would take a minute for each image.
  const { status, problems } = await healthOf(cache);
  if (status !== 200) return [{ path: region, message: `${cache.endpoint}: ${problems.join("; ")}` }];
  return await Registry.use(regctl, cache, async (registry) => {
    const missing: Problem[] = [];
    for await (const one of warm(registry, wantedImages(texts), options)) {
      console.log(`${region}  ${one.image}  ${sentence(one)}`);
      const problem = problemOf(one);
      if (problem !== undefined) missing.push({ path: region, message: `${one.image}: ${problem}` });
    }
    return missing;
  });
}

function sentence(one: Warmed): string {
  const { bytes, blobs, fetched, missing, problem } = one;
  if (problem !== undefined) return "failed";
  const size = `${blobs} blobs, ${megabytes(bytes)}`;
  if (fetched === undefined && missing === undefined)
    return `${size}; which of them the cache has can't be told without fetching them`;
  return `${size}: ${problemOf(one) ?? (fetched ? `${fetched} fetched` : "there")}`;
}
