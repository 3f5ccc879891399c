import { existsSync } from "node:fs";
import { PodmanError, podman } from "../../components/hosts/local/podman.ts";
import { Failure, step } from "../command/steps.ts";
import { aptInstall, hasProgram } from "./apt.ts";

/** The oldest podman that can play the Pod without changes: Debian 12's. */
const minimum = { major: 4, minor: 3 };

/** podman with everything that a Pod with its own network needs. podman's recommended packages would add 300 MB that aren't needed. */
const packages = [
  "podman",
  "runc", // for machines where crun refuses an older cgroup layout
  "netavark",
  "aardvark-dns",
  "iptables", // netavark publishes ports with it; without it, no container with a network starts
  "nftables", // the same for netavark 1.12 and newer
  "catatonit", // the process of a Pod's infra container
  "uidmap", // for podman without root
  "openssl",
];

/**
 * Ensures that podman works: installs it if possible, checks its version, and starts a Pod with a network.
 *
 * @throws StepError with podman's own message if it doesn't
 */
export async function ensurePodman(): Promise<void> {
  const present = await Promise.all(["podman", "openssl"].map(hasProgram));
  if (present.includes(false)) {
    const wanted = `podman ${minimum.major}.${minimum.minor} or newer, with openssl,`;
    await step("Installing podman", "install podman and openssl by hand", (run) =>
      aptInstall(packages, wanted, run),
    );
  }
  await step(
    "Checking podman",
    "see what `podman info` says; as an ordinary user podman also needs uidmap and entries in /etc/subuid and /etc/subgid",
    async () => {
      const version = await podman(["version", "--format", "{{.Client.Version}}"]);
      if (!isNewEnough(version)) {
        throw new Failure(
          `podman ${version} is too old`,
          `install podman ${minimum.major}.${minimum.minor} or newer (Debian 12, Ubuntu 24.04, Fedora 38)`,
        );
      }
      await startPod();
    },
  );
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > minimum.major || (major === minimum.major && minor >= minimum.minor);
}

const checkPod = "registry-cache-check-";

/** A Pod without containers needs no image, but shows that the OCI runtime, its limits and the network work. */
async function startPod(): Promise<void> {
  await removeCheckPods();
  const name = `${checkPod}${process.pid}`;
  await podman(["pod", "create", "--replace", "--name", name]);
  try {
    await podman(["pod", "start", name], { timeoutSeconds: 60 });
  } catch (error) {
    throw withHint(error);
  } finally {
    await podman(["pod", "rm", "--force", name]);
  }
}

/** Removes the Pods that killed runs left. */
export async function removeCheckPods(): Promise<void> {
  const names = await podman(["pod", "ps", "--filter", `name=^${checkPod}`, "--format", "{{.Name}}"]);
  const left = names
    .split("\n")
    .filter((name) => name && !existsSync(`/proc/${name.slice(checkPod.length)}`));
  if (left.length > 0) await podman(["pod", "rm", "--force", ...left]);
}

/** netavark doesn't say which file is missing. It is nearly always the firewall program. */
function withHint(error: unknown): unknown {
  if (!(error instanceof PodmanError) || !error.message.includes("netavark: No such file or directory"))
    return error;
  return new Failure(error.message, "install iptables and nftables, which netavark needs");
}
