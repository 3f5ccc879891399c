import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where this project keeps what can be made again (binaries, image contents): deleting it costs time only.
 * Follows the XDG Base Directory Specification (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "registry-cache");
}

/** Where this project keeps what can't be made again: the Pulumi state, passphrases, logs. */
export function stateDirectory(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "registry-cache");
}
