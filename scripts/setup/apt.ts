import { existsSync } from "node:fs";
import { execa } from "execa";
import { Failure, type Run } from "../command/steps.ts";

const lockSeconds = 300;

/**
 * Installs Debian packages without asking, if this is Debian or a derivative and the user is root.
 *
 * @param wanted what to install by hand otherwise, for the error message: "podman 4.3 or newer"
 * @throws Failure on other systems or without root
 */
export async function aptInstall(packages: readonly string[], wanted: string, run: Run): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    throw new Failure(
      `${wanted} is missing`,
      `install it (on Debian or Ubuntu: sudo apt-get install ${packages.join(" ")})`,
    );
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // The machine's automatic updates may hold the lock.
  const patience = ["-o", `DPkg::Lock::Timeout=${lockSeconds}`];
  const install = () =>
    run("apt-get", [...patience, "install", "-y", "--no-install-recommends", ...packages], { env });
  try {
    await install();
  } catch {
    // The package lists are missing or old. The update fails if one of several sources can't be reached, which may not matter.
    await run("apt-get", [...patience, "update"], { env }).catch(() => undefined);
    await install();
  }
}

/** Whether a program is on PATH. */
export async function hasProgram(name: string): Promise<boolean> {
  const { failed } = await execa("sh", ["-c", 'command -v "$1"', "sh", name], { reject: false });
  return !failed;
}
