import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Directory for files that can be built or downloaded again (binaries, image contents): deleting it costs only time.
 * Follows the XDG Base Directory Specification (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "registry-cache");
}

/** Directory for files that can't be created again: the Pulumi state, passphrases, logs. */
export function stateDirectory(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "registry-cache");
}
