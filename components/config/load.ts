import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import { type Credentials, seal, type Token } from "./credentials.ts";
import { credentialReferences, knownKeys, parseConfig } from "./parse.ts";
import { ConfigError, type Problem } from "./problems.ts";
import { namespace, type StackConfig } from "./schema.ts";

/** A stack's configuration with the secrets that it names. */
export type LoadedConfig = StackConfig & {
  /** By the name of their key. */
  readonly credentials: Readonly<Record<string, pulumi.Output<Credentials>>>;
  /** Those of remote write, where it has some. */
  readonly remoteWriteCredentials: pulumi.Output<Credentials | Token> | undefined;
};

/**
 * The configuration of the running stack. Nothing else in the program reads `pulumi.Config`.
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export function loadConfig(config = new pulumi.Config(namespace)): LoadedConfig {
  const raw = readAll(config);
  try {
    const stack = parseConfig(raw);
    const keys = new Set(credentialReferences(raw).map(({ key }) => key));
    const credentials = Object.fromEntries(
      [...keys].map((key) => [key, config.requireSecretObject<Credentials>(key)]),
    );
    const remoteWriteKey = stack.monitoring.remoteWrite?.credentials;
    return {
      ...stack,
      credentials,
      remoteWriteCredentials:
        remoteWriteKey === undefined ? undefined : config.requireSecretObject(remoteWriteKey),
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
export function namespaceWarnings(): Problem[] {
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
