import { chmod, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { sha256 } from "../naming.ts";
import { type Bundle, type BundlePart, bundleParts } from "../podman/bundle.ts";
import { makeOwnedDirectory, removeOwned, writeOwnedFile } from "./owned-files.ts";
import { type PodmanOptions, podman, podmanEnvironment, podmanHas } from "./podman.ts";

/** Inputs of {@link PodmanPod}: plain JSON, as in the stack's state. */
export interface PodmanPodInputs {
  /** Prefix of each Pod's name. It identifies the Pods on this machine. */
  readonly name: string;
  /** The region's name, which is a label of each Pod. */
  readonly region: string;
  /** Absolute path of the directory that contains the region's files. */
  readonly directory: string;
  /** JSON of the {@link Bundle} that the machine should run. */
  readonly bundle: string;
  /** Directories of this machine that the Pods' volumes need, parents first. */
  readonly directories: readonly string[];
  /** Contents of files that only the Pods' user can read, by their absolute paths. */
  readonly secrets: Readonly<Record<string, string>>;
  /** HTTP URLs that answer 200 when the cache is ready. */
  readonly ready: readonly string[];
}

/** The Pods' state on this machine. */
export interface ObservedPod {
  /** Digest of the bundle that was applied last. Empty if there is none. */
  readonly digest: string;
  /** State of each Pod by its name, in podman's words: for example `running` or `exited`. */
  readonly states: Readonly<Record<string, string>>;
}

const readySeconds = 60;

/** The single Pod, with all containers, that earlier versions played. */
interface WholePod {
  readonly name: string;
  /** Secrets by the names that podman has for them. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** apply.sh couldn't apply another bundle: it refused or rolled back the change, or the rollback failed too. The message says which. */
export class TakenBack extends Error {
  override readonly name = "TakenBack";
}

/**
 * Runs the bundle's apply.sh, so that this machine's Pods match the bundle, and waits until they are ready.
 * @param earlier the single Pod of an earlier version, which may still exist
 * @throws TakenBack if an existing cache couldn't be changed
 * @throws Error with the last lines of the containers' logs. A new cache is removed again.
 */
export async function playPod(
  inputs: PodmanPodInputs,
  earlier: WholePod = { name: inputs.name, secrets: {} },
): Promise<ObservedPod> {
  // The directory of the bundle that was applied last.
  const current = await readlink(join(inputs.directory, "current")).then(
    (bundle) => [bundle],
    () => [],
  );
  for (const directory of inputs.directories) await makeOwnedDirectory(directory);
  await writeSecrets(inputs.secrets);
  const bundle = await unpack(inputs);
  if (await podmanHas("pod", earlier.name)) {
    for (const { image } of bundleParts(parse(inputs))) {
      if (!(await podmanHas("image", image))) await podman(["pull", "--quiet", image]);
    }
    await removeWholePod(earlier);
  }
  const { exitCode, stderr } = await execa("sh", [join(bundle, "apply.sh"), bundle, ...current], {
    env: { ...podmanEnvironment(), STATE: inputs.directory },
    stdin: "ignore",
    reject: false,
  });
  if (exitCode !== 0 && current.length > 0) {
    const outcome =
      exitCode === 3
        ? "couldn't be changed, and isn't healthy"
        : "still runs as before, because it couldn't be changed";
    throw new TakenBack(
      `the cache ${inputs.name} ${outcome}. Correct what is said here, and try again.\n${stderr.trim()}`,
    );
  }
  try {
    if (exitCode !== 0) throw new Error(stderr.trim());
    await waitUntilReady(inputs.ready);
  } catch (error) {
    const logs = await lastLogLines(inputs);
    // If a cache existed before, its Pods may still work, so keep them.
    if (current.length === 0) await removePod(inputs, { graceSeconds: 0 });
    throw new Error(`the cache ${inputs.name} didn't start: ${(error as Error).message}\n${logs}`);
  }
  await makeCurrent(inputs, bundle);
  return observePod(inputs);
}

/** Most Pods reload secrets by themselves. For the others, see {@link restartReaders}. */
export async function writeSecrets(secrets: PodmanPodInputs["secrets"]): Promise<void> {
  for (const [path, secret] of Object.entries(secrets)) await writeOwnedFile(path, secret);
}

/** Restarts the parts that read a changed secret only at their start. */
export async function restartReaders(before: PodmanPodInputs, now: PodmanPodInputs): Promise<void> {
  const readers = readersOfChanged(before, now);
  if (readers.length === 0) return;
  // podman stops a Pod after its only container has ended, possibly just after the container was restarted. So remove the Pod, and let apply.sh play the missing Pod again.
  for (const { container, pod } of readers) {
    await podman(["stop", "--time", "120", `${pod}-${container}`]);
    await podman(["pod", "rm", "--force", pod]);
  }
  await playPod(now);
}

/** The parts that read a changed secret only at their start. */
export function readersOfChanged(
  before: Pick<PodmanPodInputs, "secrets">,
  now: Pick<PodmanPodInputs, "secrets" | "bundle">,
): BundlePart[] {
  const paths = Object.keys(now.secrets).filter((path) => before.secrets[path] !== now.secrets[path]);
  const changed = new Set(paths.map((path) => basename(dirname(path))));
  const bundle = parse(now);
  return bundleParts(bundle).filter(({ container }) =>
    changed.has(bundle[`parts/${container}/secret`] ?? ""),
  );
}

export async function observePod({
  region,
  directory,
}: Pick<PodmanPodInputs, "region" | "directory">): Promise<ObservedPod> {
  const containers = await containersOf(region);
  const bundle = await readlink(join(directory, "current")).catch(() => "");
  return {
    digest: bundle.slice(bundle.lastIndexOf("/") + 1),
    states: Object.fromEntries(containers.map(({ PodName, State }) => [PodName, State])),
  };
}

/** The ports that the running Pods hold, from the file `ports` in their bundle. If the first run was killed, all bundles count. For an earlier version's single Pod, they are in its label. */
export async function heldPorts(
  { region, directory }: Pick<PodmanPodInputs, "region" | "directory">,
  options?: PodmanOptions,
): Promise<string> {
  const [pod] = await containersOf(region, options);
  if (!pod) return "";
  const [endpoint, first = 0, last = -1] = (pod.Labels["registry-cache/ports"] ?? "")
    .split(/[_-]/)
    .map(Number);
  const labelled = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const portsOf = (bundle: string) => readFile(join(bundle, "ports"), "utf8");
  return portsOf(join(directory, "current")).catch(async () => {
    const begun = await readdir(join(directory, "pods")).catch(() => []);
    const held = await Promise.all(
      begun.map((bundle) => portsOf(join(directory, "pods", bundle)).catch(() => "")),
    );
    return (held.length > 0 ? held : [endpoint, ...labelled]).join(" ");
  });
}

/** Whether the bundle that was applied last is that of the inputs, and all its Pods are running. */
export function isAsWanted(inputs: PodmanPodInputs, observed: ObservedPod): boolean {
  return (
    observed.digest === sha256(inputs.bundle) &&
    bundleParts(parse(inputs)).every(({ pod }) => observed.states[pod] === "running")
  );
}

/** Stops the Pods after their current transfers, and removes them. Keeps the data in {@link PodmanPodInputs.directories}. Does nothing if there are no Pods. */
export async function removePod(
  { region, directory }: Pick<PodmanPodInputs, "region" | "directory">,
  { graceSeconds = 120 } = {},
): Promise<void> {
  const containers = await containersOf(region);
  if (containers.length > 0) {
    await podman(["stop", "--time", String(graceSeconds), ...containers.flatMap(({ Names }) => Names)]);
    await podman(["pod", "rm", "--force", ...new Set(containers.map(({ PodName }) => PodName))]);
  }
  for (const name of ["current", "pods", "files", "retired", "was-well", "secrets"]) {
    await removeOwned(join(directory, name));
  }
}

interface PodmanContainer {
  readonly Names: readonly [string];
  readonly PodName: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** Lists containers, one of each Pod. `podman pod ps` isn't used, because podman locks a Pod while it stops. */
async function containersOf(region: string, options?: PodmanOptions): Promise<PodmanContainer[]> {
  const labels = { name: "registry-cache", instance: region };
  const filters = Object.entries(labels).map(([key, value]) => `label=app.kubernetes.io/${key}=${value}`);
  const list = ["ps", "--all", "--pod", "--format", "json"];
  return JSON.parse(await podman([...list, ...filters.flatMap((filter) => ["--filter", filter])], options));
}

function parse({ bundle }: Pick<PodmanPodInputs, "bundle">): Bundle {
  return JSON.parse(bundle);
}

/** @returns the bundle's directory */
async function unpack(inputs: PodmanPodInputs): Promise<string> {
  const bundle = join(inputs.directory, "pods", sha256(inputs.bundle));
  for (const [path, content] of Object.entries(parse(inputs))) {
    const file = join(bundle, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    // apply.sh copies the files with their modes, and the Pod's user reads the copies. The umask may forbid that.
    await chmod(file, 0o644);
  }
  return bundle;
}

async function makeCurrent({ directory }: PodmanPodInputs, bundle: string): Promise<void> {
  const link = join(directory, "current");
  await rm(`${link}.new`, { force: true });
  await symlink(bundle, `${link}.new`);
  await rename(`${link}.new`, link);
  for (const other of await readdir(dirname(bundle))) {
    if (other !== basename(bundle)) await rm(join(dirname(bundle), other), { recursive: true });
  }
}

/** Also removes the volumes and secrets that podman created for the Pod. A volume has the name of the container that mounts it. */
export async function removeWholePod({ name, secrets }: WholePod): Promise<void> {
  const format = ["--format", "{{.Names}}"];
  const containers = (await podman(["ps", "--all", "--filter", `pod=${name}`, ...format])).split("\n");
  await podman(["pod", "stop", "--time", "120", name]);
  await podman(["pod", "rm", "--force", name]);
  for (const [kind, names] of Object.entries({ volume: containers, secret: Object.keys(secrets) })) {
    const known = new Set((await podman([kind, "ls", "--format", "{{.Name}}"])).split("\n"));
    for (const own of names.filter((it) => known.has(it))) await podman([kind, "rm", own]);
  }
}

async function waitUntilReady(urls: readonly string[]): Promise<void> {
  const deadline = Date.now() + readySeconds * 1000;
  const waiting = new Set(urls);
  while (waiting.size > 0) {
    for (const url of waiting) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) waiting.delete(url);
    }
    if (waiting.size === 0) return;
    if (Date.now() > deadline)
      throw new Error(`no answer within ${readySeconds} s from ${[...waiting].join(", ")}`);
    await sleep(200);
  }
}

async function lastLogLines(inputs: PodmanPodInputs): Promise<string> {
  const logs = await Promise.all(
    bundleParts(parse(inputs)).map(async ({ container, pod }) => {
      const show = ["logs", "--tail", "5", `${pod}-${container}`];
      const log = await podman(show, { withStandardError: true }).catch(() => "");
      return log && `${container}:\n${log}\n`;
    }),
  );
  return logs.join("");
}
