import { z } from "zod";
import { fieldOf } from "./as-written.ts";

/**
 * Of the form that a stack's configuration has. Another one comes with each change that reads a file otherwise than it was meant:
 *
 * 2: the default of `workload.peakMinutes` is 10, the time that clusters give a new node; it was 30.
 */
const currentVersion = 2;

/** What a file has that doesn't name one. */
export const firstVersion = 1;

/** The default of `workload.peakMinutes`, by version. */
export const defaultPeakMinutes = { 1: 30, 2: 10 } as const;

/**
 * A configuration as one of the current version writes it: with the defaults that its own version has. Pulumi's command line puts a number at the top of a stack file into
 * quotes when it rewrites the file, and reads it as a number again; so does this.
 * @param settings as written; what is wrong in them stays so
 */
export function inCurrentVersion(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { version = firstVersion, workload = {} } = settings;
  const isNumber = typeof version === "string" && /^\d+$/.test(version);
  const read = isNumber ? { ...settings, version: Number(version) } : settings;
  const isObject = typeof workload === "object" && workload !== null && !Array.isArray(workload);
  const isOpen = isObject && fieldOf(workload, "peakMinutes") === undefined;
  if (Number(version) !== 1 || !isOpen) return read;
  return { ...read, workload: { ...workload, peakMinutes: defaultPeakMinutes[1] } };
}

/** Pulumi reads `"1.30"` as a number, too. */
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
