import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { removeOwned } from "./owned-files.ts";
import { podmanHas } from "./podman.ts";
import {
  isAsWanted,
  type ObservedPod,
  observePod,
  type PodmanPodInputs,
  playPod,
  removePod,
  removeWholePod,
  restartReaders,
  TakenBack,
  writeSecrets,
} from "./podman-pod.ts";

/** The stack's state of the Pods: the inputs, and what was observed on this machine. */
type Present = PodmanPodInputs & { readonly observed: ObservedPod };

/** The state that an earlier version left: one Pod with all containers. */
type Earlier = Pick<Present, "name" | "secrets"> & { readonly bundle?: undefined };

type State = Present | Earlier;

export async function create(inputs: PodmanPodInputs): Promise<pulumi.dynamic.CreateResult> {
  return { id: inputs.name, outs: { ...inputs, observed: await playPod(inputs) } };
}

/** A refresh compares the state with the inputs in that same state, which can be an earlier version's. */
export async function diff(
  state: State,
  inputs: PodmanPodInputs | Earlier,
): Promise<pulumi.dynamic.DiffResult> {
  const same =
    state.bundle === inputs.bundle &&
    isDeepStrictEqual(state.secrets, inputs.secrets) &&
    (state.bundle === undefined || inputs.bundle === undefined || isAsWanted(inputs, state.observed));
  return { changes: !same, replaces: inputs.name === state.name ? [] : ["name"], deleteBeforeReplace: true };
}

export async function read(id: string, state: State): Promise<pulumi.dynamic.ReadResult> {
  if (state.bundle === undefined) return (await podmanHas("pod", id)) ? { id, props: state } : {};
  const observed = await observePod(state);
  return Object.keys(observed.states).length > 0 ? { id, props: { ...state, observed } } : {};
}

export async function update(state: State, inputs: PodmanPodInputs): Promise<pulumi.dynamic.UpdateResult> {
  if (state.bundle === undefined) return { outs: { ...inputs, observed: await playPod(inputs, state) } };
  try {
    const observed = await playPod(inputs);
    await restartReaders(state, inputs);
    for (const path of Object.keys(state.secrets)) {
      if (!(path in inputs.secrets)) await removeOwned(path);
    }
    return { outs: { ...inputs, observed } };
  } catch (error) {
    // The bundle of the state should run again, so restore its secrets.
    if (error instanceof TakenBack) await writeSecrets(state.secrets);
    throw error;
  }
}

export async function remove(state: State): Promise<void> {
  if (state.bundle !== undefined) await removePod(state);
  else if (await podmanHas("pod", state.name)) await removeWholePod(state);
}
