import { z } from "zod";
import { entriesOf, valueAt, withoutUndefined } from "./as-written.ts";
import { commandToSet, sealedCredentials, sealedCredentialsOrToken } from "./credentials.ts";
import { crossChecks } from "./cross-checks.ts";
import { ConfigError, moreMayFollow, type Problem, suggestion } from "./problems.ts";
import { type StackConfig, stackSchemas, unknownProviderSchema } from "./schema.ts";
import { parseWith } from "./schema-problems.ts";
import { secretKey } from "./text.ts";
import { knownAt, unknownKey } from "./unknown-key.ts";
import { inCurrentVersion } from "./version.ts";

/** The keys that a stack may have, apart from those of its credentials. */
export const knownKeys = Object.keys(unknownProviderSchema.shape);

/**
 * Validates the configuration of a stack. It reads the release files that the configuration names, but nothing else. Hosts check later what needs the disk or the network.
 * @param written the stack's values by key, without the namespace, with secrets as in a stack file (`{ secure: … }`). A value of `undefined` counts as absent.
 * @param wayOut returns the advice for missing credentials, by their key. @default the command that sets them
 * @throws ConfigError with all problems.
 */
export function parseConfig(written: Record<string, unknown>, wayOut = commandToSet): StackConfig {
  const { data: raw, problems: shape } = parseWith(
    z.record(z.string(), z.unknown()),
    withoutUndefined(written),
  );
  if (!raw) throw new ConfigError(shape.map(({ message }) => ({ path: "configuration", message })));
  const settings = Object.fromEntries(Object.entries(raw).filter(([key]) => knownKeys.includes(key)));
  const { data, problems } = parseWith(schemaFor(raw.provider), inCurrentVersion(settings));
  const all = [
    ...problems,
    ...crossChecks(raw),
    ...credentialProblems(raw, wayOut),
    ...unknownKeyProblems(raw),
  ];
  if (!data || all.length > 0) throw new ConfigError(all, moreMayFollow.preflight);
  return data as StackConfig;
}

/** A place in a configuration that names the key of credentials. */
export interface CredentialReference {
  path: string;
  key: string;
  /** What the key's value must be. */
  form: z.ZodType;
}

/** All places that name credentials. The configuration may have problems elsewhere. */
export function credentialReferences(raw: Record<string, unknown> | undefined): CredentialReference[] {
  const places = [
    ...entriesOf(raw?.upstreams).map((_, index) => ({ at: ["upstreams", index], form: sealedCredentials })),
    ...entriesOf(raw?.regions).map((_, index) => ({
      at: ["regions", index, "storage", "s3"],
      form: sealedCredentials,
    })),
    { at: ["monitoring", "remoteWrite"], form: sealedCredentialsOrToken },
  ];
  return places.flatMap(({ at, form }) => {
    const path = [...at, "credentials"];
    // An invalid key name may be a password. The schema reports it without repeating the value.
    const { data: key } = secretKey.safeParse(valueAt(path, raw));
    return key === undefined ? [] : [{ path: z.core.toDotPath(path), key, form }];
  });
}

function schemaFor(provider: unknown) {
  return typeof provider === "string" && Object.hasOwn(stackSchemas, provider)
    ? stackSchemas[provider as keyof typeof stackSchemas]
    : unknownProviderSchema;
}

function credentialProblems(raw: Record<string, unknown>, wayOut: typeof commandToSet): Problem[] {
  const references = credentialReferences(raw);
  const missing = references.flatMap(({ path, key }): Problem[] => {
    if (knownKeys.includes(key))
      return [{ path, message: `"${key}" is a key of the configuration itself: choose another name` }];
    if (Object.hasOwn(raw, key)) return [];
    const near = suggestion(
      key,
      Object.keys(raw).filter((other) => !knownKeys.includes(other)),
    );
    const question = near === undefined ? "" : `did you mean "${near}"? If not: `;
    const message = `names the key "${key}", which this stack doesn't have: ${question}${wayOut(key)}`;
    return [{ path, message }];
  });
  return [...missing, ...malformedCredentials(raw)];
}

/** @returns problems with the values of keys that are named as credentials but don't have the form of credentials. */
export function malformedCredentials(raw: Record<string, unknown>): Problem[] {
  const present = credentialReferences(raw).filter(
    ({ key }) => Object.hasOwn(raw, key) && !knownKeys.includes(key),
  );
  // If several places name a key, the first one decides on the form. Remote write, which also accepts tokens, comes last.
  return present
    .filter((one, index) => present.findIndex(({ key }) => key === one.key) === index)
    .flatMap(({ key, form }) =>
      parseWith(form, raw[key]).problems.map(({ path, message }) => ({
        path: path ? `${key}.${path}` : key,
        message,
      })),
    );
}

const unnamedCredentials = "nothing names these credentials: remove them, or name them in `credentials`";

function unknownKeyProblems(raw: Record<string, unknown>): Problem[] {
  const credentials = credentialReferences(raw).map(({ key }) => key);
  const ofRegions = knownAt(["regions", 0], { schema: schemaFor(raw.provider), value: raw });
  return Object.keys(raw)
    .filter((key) => !knownKeys.includes(key) && !credentials.includes(key))
    .map((key) => {
      const areCredentials = sealedCredentialsOrToken.safeParse(raw[key]).success;
      const message = areCredentials
        ? unnamedCredentials
        : ofRegions.includes(key)
          ? "unknown key; it is a key of `regions[]`"
          : unknownKey(key, knownKeys);
      return { path: key, message };
    });
}
