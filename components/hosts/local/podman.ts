import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "smol-toml";
import { cacheDirectory } from "./directories.ts";

export interface PodmanOptions {
  /** Text for podman's standard input, for example a manifest for `kube play -`. @default none */
  input?: string;
  /** Added to podman's environment: for what nobody else may read, as they could on a command line. @default nothing */
  variables?: Readonly<Record<string, string>>;
  /** After this many seconds podman is ended and the call fails. @default no limit */
  timeoutSeconds?: number;
  /** Return standard error, too, in the order of writing: `podman logs` writes a container's there. @default false */
  withStandardError?: boolean;
}

/** A podman call that failed; the message is podman's own, without its `Error: `. */
export class PodmanError extends Error {
  override readonly name = "PodmanError";
  /** podman's exit code; undefined where it didn't run to its end. */
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

/** Whether podman has a Pod or an image of that name. */
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
 * What to add to the environment of a podman process: nothing on an ordinary machine. Where systemd or cgroup v2 is
 * missing (containers, sandboxes, some CI runners), podman's defaults don't work, and this names a containers.conf in
 * the cache directory that does. A CONTAINERS_CONF of the user's own is respected.
 */
export function podmanEnvironment(): NodeJS.ProcessEnv {
  environment ??= findEnvironment();
  return environment;
}

function findEnvironment(): NodeJS.ProcessEnv {
  if (process.platform !== "linux" || process.env.CONTAINERS_CONF) return {};
  // The tests of sd_booted(3) and of podman itself.
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
 * @param machine.cgroup2 crun refuses the older cgroup layouts, runc doesn't.
 * @param machine.limits the text of /proc/self/limits: podman's default limits can be above what this process may
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
