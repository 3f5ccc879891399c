/** Checks whether a stack's caches have everything in their `prefetch` configuration. The caches fetch it themselves. */
import { referenceText } from "../../components/config/image-reference.ts";
import type { Prefetch } from "../../components/config/prefetch.ts";
import { type Backend, shortName } from "../fleet/backend.ts";
import { configurationsOf } from "../fleet/configurations.ts";
import { healthOf } from "../fleet/health.ts";
import { type CacheOutput, parseOutputs } from "../fleet/outputs.ts";
import type { Prometheus } from "../fleet/prometheus.ts";
import { readStackFiles } from "../fleet/stack-files.ts";
import { Registry, wantedImages } from "../prefetch/registry.ts";
import { problemOf, warm } from "../prefetch/warm.ts";
import { ensureTool } from "../setup/from-source/go-tools.ts";
import { selectorsOf } from "./gate.ts";

export interface PrefetchedOptions {
  /** Directory of the project. */
  readonly directory: string;
  readonly backend: Pick<Backend, "outputs">;
  /** A Prometheus with the metrics of all regions. */
  readonly prometheus?: Prometheus | undefined;
}

/**
 * Reads the stacks' files once. Leaves problems in a file to `up`.
 * @param stacks with or without an organization
 * @returns a function that checks a stack's regions and never throws. It returns what is missing, one phrase each. Empty for a stack without `prefetch`, and for a region that neither this
 * machine nor Prometheus can check.
 */
export async function prefetched(
  stacks: readonly string[],
  { directory, backend, prometheus }: PrefetchedOptions,
) {
  const { configurations } = configurationsOf(await readStackFiles(directory, stacks.map(shortName)));
  const wanted = new Map(
    configurations.flatMap(({ stack, config: { prefetch } }) => (prefetch ? [[stack, prefetch]] : [])),
  );
  const program = wanted.size > 0 ? await ensureTool("regctl") : "";
  /** The references that were missing at the last check, by stack and region. */
  const left = new Map<string, readonly string[]>();

  /** @returns undefined if the cache can't tell */
  async function missingByCache(
    key: string,
    cache: CacheOutput,
    { references, platforms }: Prefetch,
  ): Promise<string[] | undefined> {
    const images = wantedImages(left.get(key) ?? references.map(referenceText));
    return await Registry.use(program, cache, async (registry) => {
      const missing = new Map<string, string>();
      for await (const one of warm(registry, images, { platforms, dryRun: true })) {
        if (one.problem === undefined && one.missing === undefined) return undefined;
        const problem = problemOf(one);
        if (problem !== undefined) missing.set(one.image, problem);
      }
      left.set(key, [...missing.keys()]);
      return [...missing].map(([image, problem]) => `${image}: ${problem}`);
    });
  }

  async function missingByMetrics(of: string): Promise<string[]> {
    if (!prometheus) return [];
    const query = ["wanted", "present"].map((what) => `registry_cache_prefetch_images_${what}{${of}}`);
    const [most] = await prometheus.query(`max(${query.join(" - ")}) > 0`);
    return most ? [`${most.value} images are missing, by Prometheus`] : [];
  }

  async function ask(stack: string): Promise<string[]> {
    const prefetch = wanted.get(shortName(stack));
    if (!prefetch) return [];
    const outputs = parseOutputs(await backend.outputs({ name: stack, updated: undefined }));
    const regions = Object.entries(outputs.caches).map(async ([region, cache]) => {
      const { reached } = await healthOf(cache);
      const seen = reached ? await missingByCache(`${stack} ${region}`, cache, prefetch) : undefined;
      const missing = seen ?? (await missingByMetrics(selectorsOf(region, outputs).series));
      return missing.map((one) => `${region}: ${one}`);
    });
    return (await Promise.all(regions)).flat();
  }
  return (stack: string) => ask(stack).catch(({ message }: Error) => [message]);
}
