import { gzip } from "pako";
import type { Problem } from "../../config/problems.ts";

class UserDataTooLarge extends Error {
  override readonly name = "UserDataTooLarge";
}

/**
 * Compresses user data; cloud-init unpacks it. By a library of the lock file, not by the runtime's zlib: other bytes for the same content would
 * replace the machine.
 *
 * @param limitBytes what the cloud takes, before base64.
 * @throws UserDataTooLarge
 */
export function packUserData(text: string, limitBytes: number): Uint8Array {
  const packed = gzip(text, { level: 9 });
  if (packed.length > limitBytes) {
    throw new UserDataTooLarge(
      `the machine's user data has ${packed.length} bytes, compressed, and the cloud takes ${limitBytes}: ` +
        "use fewer upstreams, or fewer and wider repository globs",
    );
  }
  return packed;
}

/** That user data would be larger than the cloud takes; found by making some. */
export function tooLargeProblems(make: () => unknown): Problem[] {
  try {
    make();
    return [];
  } catch (error) {
    if (!(error instanceof UserDataTooLarge)) throw error;
    return [{ path: "topology", message: error.message }];
  }
}
