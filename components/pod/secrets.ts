/**
 * The secrets of the configuration that containers read as files. Each is in a volume of its own, with the single file {@link secretFile}. When a secret is rotated, the
 * file's content changes, and the container uses it within a minute.
 */

/** distribution calls a credential helper with the argument `get`, so `cat` can be its helper: see credentialHelper() in origin.ts. */
export const secretFile = "get";

/** The directory of the secret's file in a container. */
export const secretDirectory = "/etc/registry-cache/secret";

/** The name of the secret, and of its volume, for an upstream with credentials. upstreamSecret() renders its content. */
export function credentialsSecret(upstream: string): string {
  return `credentials-${upstream}`;
}

/** The name of the secret for remote write with credentials. remoteWriteSecret() renders its content. */
export const remoteWrite = "remote-write";
