import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import {
  isAsWanted,
  type ObservedPod,
  observePod,
  type PodmanPodInputs,
  playPod,
  podExists,
  removePod,
} from "./podman-pod.ts";

/** The stack's state of a Pod: what was asked for, and what was found. */
type State = PodmanPodInputs & { readonly observed: ObservedPod };

export async function create(inputs: PodmanPodInputs): Promise<pulumi.dynamic.CreateResult> {
  return { id: inputs.name, outs: { ...inputs, observed: await playPod(inputs) } };
}

/** The state of an earlier version has one Pod with all containers: it lacks the bundle, and is updated to one. */
export async function diff(
  state: Partial<State> & Pick<State, "name">,
  inputs: PodmanPodInputs,
): Promise<pulumi.dynamic.DiffResult> {
  const { observed, secrets } = state;
  const same =
    state.bundle === inputs.bundle &&
    isDeepStrictEqual(secrets, inputs.secrets) &&
    observed !== undefined &&
    isAsWanted(inputs, observed);
  return { changes: !same, replaces: inputs.name === state.name ? [] : ["name"], deleteBeforeReplace: true };
}

export async function read(id: string, state: State): Promise<pulumi.dynamic.ReadResult> {
  if (state.bundle === undefined) return (await podExists(id)) ? { id, props: state } : {};
  const observed = await observePod(state);
  return Object.keys(observed.states).length > 0 ? { id, props: { ...state, observed } } : {};
}

export async function update(_state: State, inputs: PodmanPodInputs): Promise<pulumi.dynamic.UpdateResult> {
  return { outs: { ...inputs, observed: await playPod(inputs) } };
}

export async function remove(state: State): Promise<void> {
  await removePod(state);
}
