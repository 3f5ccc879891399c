import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import { type Credentials, type Secrets, seal, type Token } from "./credentials.ts";
import { credentialReferences, knownKeys, parseConfig } from "./parse.ts";
import { ConfigError, type Problem } from "./problems.ts";
import { warn } from "./refuse.ts";
import { namespace, type StackConfig, type StackInput } from "./schema.ts";

/** A stack's configuration with the secrets that it names. */
export interface LoadedConfig {
  readonly stack: StackConfig;
  readonly secrets: Secrets;
}

/**
 * The configuration of the running stack. Nothing else in the program reads `pulumi.Config`.
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export function loadConfig(config = new pulumi.Config(namespace)): LoadedConfig {
  warn(namespaceWarnings());
  return withSecrets(readAll(config), (key) => config.requireSecretObject(key));
}

/** What a configuration names as `credentials`, by the name. */
export type SecretInputs = Readonly<Record<string, pulumi.Input<Inputs<Credentials> | Inputs<Token>>>>;

type Inputs<Secret> = { readonly [Name in keyof Secret]: pulumi.Input<Secret[Name]> };

/**
 * The same from plain values, for a program that has its configuration from elsewhere.
 * @param configuration as in a stack's file, without the namespace in front of its keys
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export function readConfig(configuration: StackInput, secrets: SecretInputs = {}): LoadedConfig {
  const sealed = Object.entries(secrets).map(([key, value]) => [key, formOf(value)]);
  return withSecrets(
    { ...Object.fromEntries(sealed), ...configuration },
    // What a secret holds, its reader says.
    <Value>(key: string) => pulumi.secret(secrets[key]) as pulumi.Output<Value>,
    (key) => `hand readConfig() the secret { "${key}": { username, password } }`,
  );
}

/** As it would stand in a stack file. What isn't known yet can't be checked. */
function formOf(value: unknown): unknown {
  const isLater = (it: unknown) => pulumi.Output.isInstance(it) || it instanceof Promise;
  if (isLater(value)) return { secure: "" };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return seal(value);
  return seal(Object.fromEntries(Object.entries(value).map(([key, it]) => [key, isLater(it) ? "" : it])));
}

/**
 * @param secretOf the value of a key that has one
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
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}

/** All values of the namespace. The engine hands each over as text: as it is if the value is text, otherwise as JSON. */
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

/** More than this, and a namespace is another program's. */
const maxTypos = 2;

/** Keys that this program doesn't read, because their namespace is another one, and that were probably meant for it. */
function namespaceWarnings(): Problem[] {
  return Object.keys(pulumi.runtime.allConfig()).flatMap((path) => {
    const [other = "", ...key] = path.split(":");
    if (other === namespace || distance(other, namespace) > maxTypos) return [];
    return [{ path, message: `nothing reads this key: did you mean \`${[namespace, ...key].join(":")}\`?` }];
  });
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The SDK knows which keys are secret, but leaves this out of its types. */
function isSecret(fullKey: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(fullKey);
}
