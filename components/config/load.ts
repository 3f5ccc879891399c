import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Credentials, type Secrets, seal, type Token } from "./credentials.ts";
import { credentialReferences, knownKeys, malformedCredentials, parseConfig } from "./parse.ts";
import { ConfigError, moreMayFollow, type Problem, problemIf } from "./problems.ts";
import { refuse, runError, warn } from "./refuse.ts";
import { namespace, type StackConfig, type StackInput } from "./schema.ts";
import { namespaceWarnings } from "./warnings.ts";

/** A stack's configuration, with the secrets that it refers to. */
export interface LoadedConfig {
  readonly stack: StackConfig;
  readonly secrets: Secrets;
  /** Whether it names all regions of the running stack. @default false: another call of createCaches() may have more */
  readonly isWhole?: boolean;
}

/**
 * Reads the configuration of the running stack, in this project's namespace. Only this function reads `pulumi.Config`.
 * @throws pulumi.RunError: see runError()
 */
export function loadConfig(): LoadedConfig {
  const config = new pulumi.Config(namespace);
  warn(namespaceWarnings(Object.keys(pulumi.runtime.allConfig())));
  return { ...withSecrets(readAll(config), (key) => config.requireSecretObject(key)), isWhole: true };
}

/** Returns the secret for a key that the configuration names in `credentials`. */
export type SecretOf = (key: string) => pulumi.Input<Inputs<Credentials> | Inputs<Token>> | undefined;

type Inputs<Secret> = { readonly [Name in keyof Secret]: pulumi.Input<Secret[Name]> };

/**
 * Reads a configuration from plain values, for programs that don't use Pulumi's configuration.
 * @param configuration the content of a stack's file, without the namespace before its keys
 * @param secretOf called for each key that the configuration names in `credentials`. @default there are no secrets
 * @throws pulumi.RunError: see runError()
 */
export function readConfig(configuration: StackInput, secretOf: SecretOf = () => undefined): LoadedConfig {
  const notCallable = problemIf(
    typeof secretOf !== "function",
    "secretOf",
    "readConfig() takes a function, (key) => secret",
  );
  refuse([...notCallable, ...unknownYet(configuration)], moreMayFollow.values);
  const keys = credentialReferences(configuration).map(({ key }) => key);
  const secrets = new Map(keys.filter((key) => !knownKeys.includes(key)).map((key) => [key, secretOf(key)]));
  const sealed = [...secrets].map(([key, value]) => [key, formOf(value)]);
  return withSecrets(
    secrets.size === 0 ? configuration : { ...configuration, ...Object.fromEntries(sealed) },
    <Value>(key: string) => pulumi.secret(secrets.get(key)) as pulumi.Output<Value>,
    (key) => `hand readConfig() the secret { username, password } for "${key}"`,
  );
}

/**
 * Checks the secrets that a program passes as outputs, whose values readConfig() can't see. It skips values that are unknown during a preview.
 * @returns problems whose path begins with the secret's key
 */
export async function secretProblems({ stack, secrets }: LoadedConfig): Promise<Problem[]> {
  const known: Record<string, unknown> = {};
  const looks = Object.entries(secrets.credentials).map(([key, secret]) =>
    secret.apply((value) => {
      known[key] = seal(value);
    }),
  );
  // isSecret() settles after the function above has run, or when the value is unknown and the function never runs.
  await Promise.all(looks.map(pulumi.isSecret));
  return malformedCredentials({ ...stack, ...known });
}

/**
 * Reports outputs, promises and resources, which the schema would take for mappings, and mappings that contain themselves.
 * @param around the mappings and lists that the value is in
 */
function unknownYet(
  value: unknown,
  path: readonly PropertyKey[] = [],
  around: readonly unknown[] = [],
): Problem[] {
  const problem = (message: string) => [{ path: z.core.toDotPath(path) || "configuration", message }];
  if (isLater(value))
    return problem(
      "is an output, a promise or a resource of the program, but must be known before anything is made: write the value, or take it from `pulumi config`",
    );
  if (around.includes(value)) return problem("contains itself");
  if (typeof value !== "object" || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, it]) =>
    unknownYet(it, [...path, isList ? Number(key) : key], [...around, value]),
  );
}

function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise || pulumi.Resource.isInstance(value);
}

/** A secret in the form that it has in a stack file. {@link secretProblems} checks outputs later. */
function formOf(value: unknown): unknown {
  if (value === undefined) return undefined;
  return isLater(value) ? { secure: "" } : seal(value, isLater);
}

/**
 * @param secretOf returns the secret value of a key
 * @param wayOut see parseConfig()
 */
function withSecrets(
  raw: Record<string, unknown>,
  secretOf: <Value>(key: string) => pulumi.Output<Value>,
  wayOut?: (key: string) => string,
): LoadedConfig {
  try {
    const stack = parseConfig(raw, wayOut);
    const keys = new Set(credentialReferences(raw).map(({ key }) => key));
    const remoteWriteKey = stack.monitoring.remoteWrite?.credentials;
    return {
      stack,
      secrets: {
        credentials: Object.fromEntries([...keys].map((key) => [key, secretOf<Credentials>(key)])),
        remoteWriteCredentials:
          remoteWriteKey === undefined ? undefined : secretOf<Credentials | Token>(remoteWriteKey),
      },
    };
  } catch (error) {
    throw error instanceof ConfigError ? runError(error) : error;
  }
}

/** All values of the namespace. The engine passes each one as a string: text unchanged, other values as JSON. */
function readAll({ name }: pulumi.Config): Record<string, unknown> {
  const prefix = `${name}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .map(([fullKey, text]) => {
        const key = fullKey.slice(prefix.length);
        const value = decode(text);
        return [key, isSecret(fullKey) && !knownKeys.includes(key) ? seal(value) : value];
      }),
  );
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The SDK has this function, but omits it from its types. */
function isSecret(fullKey: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(fullKey);
}
