/**
 * Has the caches of a stack fetch images and charts before clusters ask for them: docs/prefetch.md#by-hand-and-from-a-pipeline.
 * Usage: npm run prefetch -- STACK [IMAGE…] [--file FILE]… [--charts TEMPLATE] [--platform PLATFORM]… [--region REGION]… [--dry-run]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import pMap from "p-map";
import { referenceText } from "../components/config/image-reference.ts";
import { type Prefetch, referenceProblem } from "../components/config/prefetch.ts";
import { itHas } from "../components/config/problems.ts";
import { ReleaseFileError, referencesOf } from "../components/config/release-file.ts";
import { backendOf, shortName } from "./fleet/backend.ts";
import { configurationsOf } from "./fleet/configurations.ts";
import { type CacheOutput, parseOutputs } from "./fleet/outputs.ts";
import { readStackFiles } from "./fleet/stack-files.ts";
import { isUnknownStack } from "./pipeline/trouble.ts";
import { Registry, wantedImages } from "./prefetch/registry.ts";
import { megabytes, missingText, type Warmed, warm } from "./prefetch/warm.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureTool } from "./setup/from-source/go-tools.ts";
import { runSteps } from "./setup/steps.ts";

const usage =
  "Usage: npm run prefetch -- STACK [IMAGE…] [--file FILE]… [--charts TEMPLATE] [--platform PLATFORM]… [--region REGION]… [--dry-run]\n" +
  "Without IMAGE and FILE: what `prefetch` of the stack's configuration says.";

/** Caches that are filled at once. */
const cachesAtOnce = 4;

class InputError extends Error {}

const { positionals, values } = parse();
const [stack = "", ...named] = positionals;

await runSteps(async () => {
  try {
    await ensureEngine();
    const program = await ensureTool("regctl");
    const { texts, platforms } = await wanted();
    const caches = await cachesOf();
    const missing = (
      await pMap(caches, ([region, cache]) => fill(region, cache, texts, platforms, program), {
        concurrency: cachesAtOnce,
      })
    ).flat();
    for (const line of missing) console.error(`✗ ${line}`);
    if (missing.length > 0) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`✗ ${error.message}`);
    process.exitCode = 1;
  }
});

/** What is to be in the caches. */
async function wanted(): Promise<{ texts: string[]; platforms: Prefetch["platforms"] }> {
  const chosen = values.platform?.includes("all") ? "all" : values.platform;
  const files = values.file ?? [];
  if (named.length > 0 || files.length > 0) {
    const texts = [...named, ...files.flatMap(ofFile)];
    return { texts: [...new Set(texts)], platforms: chosen ?? ["linux/amd64", "linux/arm64"] };
  }
  const { configurations, problems } = configurationsOf(
    await readStackFiles(process.cwd(), [shortName(stack)]),
  );
  if (problems.length > 0)
    throw new InputError(problems.map(({ path, message }) => `${path}: ${message}`).join("\n✗ "));
  const prefetch = configurations[0]?.config.prefetch;
  if (!prefetch)
    throw new InputError(
      `${stack} has no \`prefetch\` in its configuration: name images, or a file.\n${usage}`,
    );
  return { texts: prefetch.references.map(referenceText), platforms: chosen ?? prefetch.platforms };
}

function ofFile(path: string): string[] {
  try {
    return referencesOf(path, readFileSync(path, "utf8"), values.charts);
  } catch (error) {
    if (error instanceof ReleaseFileError) throw new InputError(`${path} ${error.message}`);
    throw new InputError(`${path} can't be read: ${(error as Error).message}`);
  }
}

/** By region. */
async function cachesOf(): Promise<[string, CacheOutput][]> {
  const backend = backendOf(process.cwd());
  try {
    const { caches } = parseOutputs(await backend.outputs({ name: stack, updated: undefined }));
    const known = Object.keys(caches);
    const regions = values.region ?? known;
    const unknown = regions.filter((region) => !known.includes(region));
    if (unknown.length > 0) throw new Error(`has no region ${unknown.join(", ")}: ${itHas(known)}`);
    return Object.entries(caches).filter(([region]) => regions.includes(region));
  } catch (error) {
    const { message } = error as Error;
    if (!isUnknownStack(message)) throw new InputError(`${stack}: ${message}`);
    const known = (await backend.stacks()).map(({ name }) => name);
    throw new InputError(`${stack}: the backend has no such stack: ${itHas(known)}`);
  }
}

/** @returns what is missing in the end, and why */
async function fill(
  region: string,
  cache: CacheOutput,
  texts: readonly string[],
  platforms: Prefetch["platforms"],
  program: string,
): Promise<string[]> {
  const refused = texts.flatMap((text) => {
    const problem = referenceProblem(text, cache.upstreams);
    return problem === undefined ? [] : [`${region}: ${text} ${problem}`];
  });
  if (refused.length > 0) return refused;
  return await Registry.use(program, cache, async (registry) => {
    const missing: string[] = [];
    const options = { platforms, dryRun: values["dry-run"] };
    for await (const one of warm(registry, wantedImages(texts), options)) {
      console.log(`${region}  ${one.image}  ${sentence(one)}`);
      const problem = one.problem ?? (one.missing?.length ? missingText(one.missing) : undefined);
      if (problem !== undefined) missing.push(`${region}: ${one.image}: ${problem}`);
    }
    return missing;
  });
}

function sentence({ bytes, blobs, fetched, missing, problem }: Warmed): string {
  if (problem !== undefined) return "failed";
  const size = `${blobs} blobs, ${megabytes(bytes)}`;
  if (fetched === undefined && missing === undefined)
    return `${size}; which of them the cache has can't be told without fetching them`;
  if (missing?.length) return `${size}: ${missingText(missing)}`;
  return fetched ? `${size}: ${fetched} fetched` : `${size}: there`;
}

function parse() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        file: { type: "string", multiple: true },
        charts: { type: "string" },
        platform: { type: "string", multiple: true },
        region: { type: "string", multiple: true },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean" },
      },
    });
    if (parsed.values.help) {
      console.log(usage);
      process.exit(0);
    }
    if (parsed.positionals.length === 0) throw new Error("STACK is missing");
    return parsed;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
