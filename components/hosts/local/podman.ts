import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "smol-toml";
import { cacheDirectory } from "./directories.ts";

export interface PodmanOptions {
  /** Text for podman's standard input, for example a manifest for `kube play -`. @default none */
  input?: string;
  /** Added to podman's environment. Use it for secrets, because other users can read a command line. @default nothing */
  variables?: Readonly<Record<string, string>>;
  /** Stops podman after this many seconds; the call then fails. @default no limit */
  timeoutSeconds?: number;
  /** Also return standard error, in the order of writing: `podman logs` writes a container's standard error there. @default false */
  withStandardError?: boolean;
}

/** A failed podman call. The message is podman's own, without its `Error: `. */
export class PodmanError extends Error {
  override readonly name = "PodmanError";
  /** podman's exit code. Undefined if podman didn't run to its end. */
  readonly exitCode: number | undefined;

  constructor(message: string, exitCode?: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs podman and returns its standard output, without the last line break.
 *
 * @throws PodmanError when podman is missing, fails or exceeds the time limit.
 */
export async function podman(args: readonly string[], options: PodmanOptions = {}): Promise<string> {
  const { input, variables, timeoutSeconds, withStandardError = false } = options;
  const result = await execa("podman", args, {
    env: { ...podmanEnvironment(), ...variables },
    reject: false,
    all: withStandardError,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
    ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds * 1000 }),
  });
  if (!result.failed) return result.all ?? result.stdout;
  const call = `podman ${args.slice(0, 2).join(" ")}`;
  if (result.code === "ENOENT") throw new PodmanError("podman is not installed");
  if (result.timedOut) throw new PodmanError(`${call} took longer than ${timeoutSeconds} s`);
  const said = result.stderr.trim().replace(/^Error: /gm, "");
  throw new PodmanError(`${call}: ${said || result.shortMessage}`, result.exitCode);
}

/** Whether podman has a Pod or an image with this name. */
export async function podmanHas(kind: "pod" | "image", name: string): Promise<boolean> {
  try {
    await podman([kind, "exists", name]);
    return true;
  } catch (error) {
    if (error instanceof PodmanError && error.exitCode === 1) return false;
    throw error;
  }
}

let environment: NodeJS.ProcessEnv | undefined;

/**
 * Variables to add to the environment of a podman process: none on an ordinary machine. Where systemd or cgroup v2 is missing
 * (containers, sandboxes, some CI runners), podman's defaults don't work. There, they name a containers.conf in the cache directory
 * that does work. The user's own CONTAINERS_CONF has priority.
 */
export function podmanEnvironment(): NodeJS.ProcessEnv {
  environment ??= findEnvironment();
  return environment;
}

function findEnvironment(): NodeJS.ProcessEnv {
  if (process.platform !== "linux" || process.env.CONTAINERS_CONF) return {};
  // The same tests as in sd_booted(3) and in podman itself.
  const systemd = existsSync("/run/systemd/system");
  const cgroup2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
  if (systemd && cgroup2) return {};
  const file = join(cacheDirectory(), "containers.conf");
  const text = renderContainersConf({ cgroup2, limits: readFileSync("/proc/self/limits", "utf8") });
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    mkdirSync(cacheDirectory(), { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, text);
    renameSync(draft, file);
  }
  return { CONTAINERS_CONF: file, ...(systemd ? {} : { DISABLE_HC_SYSTEMD: "true" }) };
}

/**
 * A containers.conf(5) for a machine without systemd or cgroup v2.
 *
 * @param machine.cgroup2 crun refuses the older cgroup layouts; runc accepts them.
 * @param machine.limits the text of /proc/self/limits. podman's default limits can exceed what this process may
 * set, and then no container starts.
 */
export function renderContainersConf(machine: { cgroup2: boolean; limits: string }): string {
  const ulimit = (name: string, row: string, wanted: number) => {
    const hard = machine.limits.match(new RegExp(`^${row} +\\S+ +(\\d+)`, "m"))?.[1];
    const value = Math.min(wanted, Number(hard ?? wanted));
    return `${name}=${value}:${value}`;
  };
  return stringify({
    containers: {
      default_ulimits: [ulimit("nofile", "Max open files", 65536), ulimit("nproc", "Max processes", 32768)],
    },
    engine: {
      cgroup_manager: "cgroupfs",
      events_logger: "file",
      ...(machine.cgroup2 ? {} : { runtime: "runc" }),
    },
  });
}
