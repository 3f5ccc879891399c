import type * as pulumi from "@pulumi/pulumi";
import {
  isAsWanted,
  type ObservedPod,
  observePod,
  type PodmanPodInputs,
  playPod,
  removePod,
} from "./podman-pod.ts";

/** The stack's state of a Pod: what was asked for, and what was found. */
type State = PodmanPodInputs & { readonly observed: ObservedPod };

export async function create(inputs: PodmanPodInputs): Promise<pulumi.dynamic.CreateResult> {
  return { id: inputs.name, outs: { ...inputs, observed: await playPod(inputs) } };
}

export async function diff(state: State, inputs: PodmanPodInputs): Promise<pulumi.dynamic.DiffResult> {
  return {
    changes: !isAsWanted(inputs, state.observed),
    replaces: inputs.name === state.name ? [] : ["name"],
    deleteBeforeReplace: true,
  };
}

export async function read(id: string, state: State): Promise<pulumi.dynamic.ReadResult> {
  const observed = await observePod(id);
  return observed ? { id, props: { ...state, observed } } : {};
}

/** A new Pod that doesn't start gives its place back to the one before, so that the state stays true and the cache goes on serving. */
export async function update(state: State, inputs: PodmanPodInputs): Promise<pulumi.dynamic.UpdateResult> {
  try {
    return { outs: { ...inputs, observed: await playPod(inputs) } };
  } catch (error) {
    const { message } = error as Error;
    await playPod(state).catch((second: Error) => {
      throw new Error(
        `${message}\nNor does the one before; with \`--refresh\`, the next up makes it anew: ${second.message}`,
      );
    });
    throw new Error(`${message}\nThe Pod as it was before runs again.`);
  }
}

export async function remove(state: State): Promise<void> {
  await removePod(state);
}
