import type { z } from "zod";
import { commandToSet, sealedCredentials, sealedCredentialsOrToken } from "./credentials.ts";
import { crossChecks } from "./cross-checks.ts";
import { ConfigError, type Problem, parseWith, unknownKey } from "./problems.ts";
import { namespace, type StackConfig, stackSchemas, unknownProviderSchema } from "./schema.ts";

/** The keys that a stack may have, but for its credentials. */
export const knownKeys = Object.keys(unknownProviderSchema.shape);

/**
 * The validated configuration of a stack. Pure: what only a disk or a network can tell is checked by the host.
 * @param raw the stack's values by key, without the namespace, secrets as in a stack file (`{ secure: … }`).
 * @throws ConfigError with all problems.
 */
export function parseConfig(raw: Record<string, unknown>): StackConfig {
  const settings = Object.fromEntries(Object.entries(raw).filter(([key]) => knownKeys.includes(key)));
  const { data, problems } = parseWith(schemaFor(raw.provider), settings);
  const all = [...problems, ...crossChecks(raw), ...credentialProblems(raw), ...unknownKeyProblems(raw)];
  if (!data || all.length > 0) throw new ConfigError(all);
  return data as StackConfig;
}

/** The key of a stack's credentials, and who names it. */
export interface CredentialReference {
  path: string;
  key: string;
  /** What the key's value must be. */
  form: z.ZodType;
}

/** Who names credentials, in a configuration that may be wrong elsewhere. */
export function credentialReferences(raw: Record<string, unknown>): CredentialReference[] {
  const { upstreams, regions, monitoring } = raw as {
    upstreams?: unknown;
    regions?: unknown;
    monitoring?: { remoteWrite?: unknown } | null;
  };
  const named = [
    ...(Array.isArray(upstreams) ? upstreams : []).map((entry, index) => ({
      path: `upstreams[${index}]`,
      entry,
      form: sealedCredentials,
    })),
    ...(Array.isArray(regions) ? regions : []).map((region, index) => ({
      path: `regions[${index}].storage.s3`,
      entry: (region as { storage?: { s3?: unknown } | null } | null)?.storage?.s3,
      form: sealedCredentials,
    })),
    { path: "monitoring.remoteWrite", entry: monitoring?.remoteWrite, form: sealedCredentialsOrToken },
  ];
  return named.flatMap(({ path, entry, form }) => {
    const key = (entry as { credentials?: unknown } | null | undefined)?.credentials;
    return typeof key === "string" ? [{ path: `${path}.credentials`, key, form }] : [];
  });
}

function schemaFor(provider: unknown) {
  return typeof provider === "string" && Object.hasOwn(stackSchemas, provider)
    ? stackSchemas[provider as keyof typeof stackSchemas]
    : unknownProviderSchema;
}

function credentialProblems(raw: Record<string, unknown>): Problem[] {
  const references = credentialReferences(raw);
  const missing = references.flatMap(({ path, key }): Problem[] => {
    if (knownKeys.includes(key))
      return [{ path, message: `"${key}" is a key of the configuration itself: choose another name` }];
    if (Object.hasOwn(raw, key)) return [];
    return [{ path, message: `names the key "${key}", which this stack doesn't have: ${commandToSet(key)}` }];
  });
  const present = references.filter(({ key }) => Object.hasOwn(raw, key) && !knownKeys.includes(key));
  // Of a key that several name, the first decides: remote write, which takes more, comes last.
  const malformed = present
    .filter((one, index) => present.findIndex(({ key }) => key === one.key) === index)
    .flatMap(({ key, form }) =>
      parseWith(form, raw[key]).problems.map(({ path, message }) => ({
        path: `${namespace}:${key}${path && `.${path}`}`,
        message,
      })),
    );
  return [...missing, ...malformed];
}

function unknownKeyProblems(raw: Record<string, unknown>): Problem[] {
  const credentials = credentialReferences(raw).map(({ key }) => key);
  return Object.keys(raw)
    .filter((key) => !knownKeys.includes(key) && !credentials.includes(key))
    .map((key) => ({ path: `${namespace}:${key}`, message: unknownKey(key, knownKeys) }));
}
