import { existsSync } from "node:fs";
import { execa } from "execa";
import { Failure, type Run } from "./steps.ts";

const lockSeconds = 300;

/**
 * Installs Debian packages where that is possible without asking: on Debian or a descendant, as root.
 *
 * @param wanted what to install by hand elsewhere, for the reader: "podman 4.3 or newer".
 * @throws Failure elsewhere.
 */
export async function aptInstall(packages: readonly string[], wanted: string, run: Run): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    throw new Failure(
      `${wanted} is missing`,
      `install it (on Debian or Ubuntu: sudo apt-get install ${packages.join(" ")})`,
    );
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // The machine's own updates may just be running.
  const patience = ["-o", `DPkg::Lock::Timeout=${lockSeconds}`];
  const install = () =>
    run("apt-get", [...patience, "install", "-y", "--no-install-recommends", ...packages], { env });
  try {
    await install();
  } catch {
    // The package lists are missing or old. One unreachable source of several fails the update, but needn't matter.
    await run("apt-get", [...patience, "update"], { env }).catch(() => undefined);
    await install();
  }
}

/** Whether a program is found on PATH. */
export async function hasProgram(name: string): Promise<boolean> {
  const { failed } = await execa("sh", ["-c", 'command -v "$1"', "sh", name], { reject: false });
  return !failed;
}
