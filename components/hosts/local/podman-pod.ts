import { setTimeout as sleep } from "node:timers/promises";
import { terminationGraceSeconds } from "../../pod/pod.ts";
import { makeOwnedDirectory, removeOwned, writeOwnedFile } from "./owned-files.ts";
import { podman, podmanHas } from "./podman.ts";

/** What {@link PodmanPod} is made of; plain JSON, as it is in the stack's state. */
export interface PodmanPodInputs {
  /** The Pod's name; it identifies the Pod on this machine. */
  readonly name: string;
  /** The Pod, labelled {@link revisionLabel}, and its ConfigMaps: YAML documents. */
  readonly manifest: string;
  /** Changes whenever a running Pod has to be replaced. */
  readonly revision: string;
  /** The containers' names. */
  readonly containers: readonly string[];
  /** The images that the containers need. */
  readonly images: readonly string[];
  /** Directories of this machine that the Pod's volumes need, with parents first. */
  readonly directories: readonly string[];
  /** The `data` of Kubernetes Secrets as JSON, by the Secrets' names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Contents of files that the Pod's user alone may read, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** HTTP URLs that answer 200 when the Pod is ready. */
  readonly ready: readonly string[];
}

/** The Pod as it was found on this machine. */
export interface ObservedPod {
  readonly labels: Readonly<Record<string, string>>;
  /** Per container its state in podman's words, for example `running` or `exited`. */
  readonly states: Readonly<Record<string, string>>;
}

export const revisionLabel = "registry-cache/revision";

const readySeconds = 60;

/**
 * Plays the Pod, in the place of one that is there, and waits until it is ready. A Pod that doesn't get ready is removed again; one that lacks an
 * image doesn't take the place of the other.
 * @throws Error with the last lines of the containers' logs.
 */
export async function playPod(inputs: PodmanPodInputs): Promise<ObservedPod> {
  for (const image of inputs.images) await ensureImage(image);
  for (const directory of inputs.directories) await makeOwnedDirectory(directory);
  await removePod(inputs);
  for (const [path, content] of Object.entries(inputs.files ?? {})) await writeOwnedFile(path, content);
  for (const [name, secret] of Object.entries(inputs.secrets)) {
    // Not by standard input, which podman takes only from a pipe, and Node gives it a socket.
    await podman(["secret", "create", "--env", name, "SECRET"], { variables: { SECRET: secret } });
  }
  try {
    await podman(["kube", "play", "--log-opt", "max-size=10mb", "-"], { input: inputs.manifest });
    await waitUntilReady(inputs.ready);
  } catch (error) {
    const logs = await lastLogLines(inputs);
    await removePod(inputs, { graceSeconds: 0 });
    throw new Error(`the Pod ${inputs.name} didn't start: ${(error as Error).message}\n${logs}`);
  }
  const pod = await observePod(inputs.name);
  if (!pod) throw new Error(`the Pod ${inputs.name} is gone right after its start`);
  return pod;
}

/** @returns undefined when there is no such Pod. */
export async function observePod(name: string): Promise<ObservedPod | undefined> {
  if (!(await podExists(name))) return undefined;
  const pod = JSON.parse(await podman(["pod", "inspect", name]));
  const containers: { Names: string[]; State: string; IsInfra: boolean }[] = JSON.parse(
    await podman(["ps", "--all", "--format", "json", "--filter", `pod=${name}`]),
  );
  const states = containers
    .filter(({ IsInfra }) => !IsInfra)
    .map(({ Names, State }) => [(Names[0] ?? "").slice(name.length + 1), State] as const);
  return {
    labels: pod.Labels ?? {},
    states: Object.fromEntries(states.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Whether the Pod that was found is the wanted one, and whole. */
export function isAsWanted(inputs: PodmanPodInputs, observed: ObservedPod): boolean {
  return (
    observed.labels[revisionLabel] === inputs.revision &&
    inputs.containers.every((container) => observed.states[container] === "running")
  );
}

/**
 * Stops the Pod, letting pulls under way end, and removes it with its secrets and the volumes that podman made for it. The data in
 * {@link PodmanPodInputs.directories} stays. Nothing happens where there is no Pod.
 */
export async function removePod(
  { name, containers, secrets, files = {} }: PodmanPodInputs,
  { graceSeconds = terminationGraceSeconds } = {},
): Promise<void> {
  if (await podExists(name)) {
    await podman(["pod", "stop", "--time", String(graceSeconds), name]);
    await podman(["pod", "rm", "--force", name]);
  }
  // A ConfigMap becomes a volume of its name, which outlives the Pod.
  const volumes = new Set((await podman(["volume", "ls", "--quiet"])).split("\n"));
  for (const volume of containers
    .map((container) => `${name}-${container}`)
    .filter((name) => volumes.has(name))) {
    await podman(["volume", "rm", volume]);
  }
  const known = new Set((await podman(["secret", "ls", "--format", "{{.Name}}"])).split("\n"));
  for (const secret of Object.keys(secrets).filter((secret) => known.has(secret))) {
    await podman(["secret", "rm", secret]);
  }
  for (const path of Object.keys(files)) await removeOwned(path);
}

export async function podExists(name: string): Promise<boolean> {
  return podmanHas("pod", name);
}

async function ensureImage(reference: string): Promise<void> {
  if (!(await podmanHas("image", reference))) await podman(["pull", "--quiet", reference]);
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

async function lastLogLines({ name, containers }: PodmanPodInputs): Promise<string> {
  const logs = await Promise.all(
    containers.map(async (container) => {
      const show = ["logs", "--tail", "5", `${name}-${container}`];
      const log = await podman(show, { withStandardError: true }).catch(() => "");
      return log && `${container}:\n${log}\n`;
    }),
  );
  return logs.join("");
}
