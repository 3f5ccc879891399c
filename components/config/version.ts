import { z } from "zod";

/**
 * Of the form that a stack's configuration has. Another one comes with the first change that reads a file otherwise than it was meant: so far, none has. A file without it has
 * the first version.
 */
export const currentVersion = 1;

/** Pulumi reads `"1.30"` as a number, too. */
const isOfKubernetes = (value: unknown) => /^1\.\d+$/.test(String(value));

export const version = z
  .int({
    error: ({ input }) =>
      isOfKubernetes(input)
        ? "is the version of the configuration's form, a whole number. Kubernetes' version is `regions[].version`"
        : undefined,
  })
  .min(1)
  .max(currentVersion, {
    error: `is newer than this version of the project, which reads configurations up to ${currentVersion}: use a newer one`,
  })
  .exactOptional()
  .describe("The version of the configuration's form. Default: 1, so far the only one.");
