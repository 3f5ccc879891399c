/**
 * The secrets of the configuration that containers read as files, each from a volume of its own with the one file {@link secretFile}. A rotated one is another content of
 * that file, which they take up within a minute.
 */

/** A credential helper is called with the word `get`, so for distribution `cat` is one: see originPart(). */
export const secretFile = "get";

/** The directory in which a container finds the file of its secret. */
export const secretDirectory = "/etc/registry-cache/secret";

/** The name of the secret, and of its volume, for an upstream that names credentials. The file in it is upstreamSecret(). */
export function credentialsSecret(upstream: string): string {
  return `credentials-${upstream}`;
}

/** What remoteWriteSecret() renders, where the configuration names credentials for remote write. */
export const remoteWrite = "remote-write";
