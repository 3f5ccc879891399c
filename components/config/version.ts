import { z } from "zod";
import { isMapping } from "./as-written.ts";

/**
 * The version of the configuration's format. It increases with each change that gives an existing file another meaning:
 *
 * 2: the default of `workload.peakMinutes` is 10, the time that clusters give a new node. In version 1, it is 30.
 */
const currentVersion = 2;

/** The version of a file that doesn't name one. */
export const firstVersion = 1;

/** The default of `workload.peakMinutes`, by version. */
export const defaultPeakMinutes = { 1: 30, 2: 10 } as const;

/**
 * Converts a configuration to the current version by setting the defaults of its own version. When Pulumi's command line rewrites a stack file, it quotes top-level numbers,
 * and reads them as numbers again. So this function accepts a quoted version, too.
 * @param settings the configuration before validation. Invalid values stay unchanged
 */
export function inCurrentVersion(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { version = firstVersion, workload = {} } = settings;
  const isNumber = typeof version === "string" && /^\d+$/.test(version);
  const read = isNumber ? { ...settings, version: Number(version) } : settings;
  if (Number(version) !== 1 || !isMapping(workload) || workload.peakMinutes !== undefined) return read;
  return { ...read, workload: { ...workload, peakMinutes: defaultPeakMinutes[1] } };
}

/** Whether a value looks like a version of Kubernetes. It may be a number, because Pulumi reads even `"1.30"` as one. */
const isOfKubernetes = (value: unknown) => /^1\.\d+$/.test(String(value));

export const version = z
  .int({
    error: ({ input }) =>
      isOfKubernetes(input)
        ? "is the version of the configuration's form, a whole number. Kubernetes' version is `regions[].version`"
        : undefined,
  })
  .min(firstVersion)
  .max(currentVersion, {
    error: `is newer than this version of the project, which reads configurations up to ${currentVersion}: use a newer one`,
  })
  .exactOptional()
  .describe(
    `The version of the configuration's form, up to ${currentVersion}: docs/upgrading.md. Default: ${firstVersion}.`,
  );
