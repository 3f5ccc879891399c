/** A recorded stack in an existing cluster: a real control plane, and Pulumi's real provider. */
import type { KubernetesObject } from "@kubernetes/client-node";
import type { ControlPlane } from "../../support/control-plane.ts";
import { allow, furnish, kubernetesStack } from "../../support/kubernetes-stack.ts";
import { privateUpstream } from "../../support/private-stack.ts";
import type { Config } from "../../support/stack-files.ts";
import { inWords, type Started, type State, type StateResource } from "./started.ts";

export async function startKubernetes(keys: Config): Promise<Started> {
  await using parts = new AsyncDisposableStack();
  const stack = parts.use(await kubernetesStack(keys));
  const sealed = { username: { secure: "v1:x" }, password: { secure: "v1:x" } };
  await allow(stack.plane, { ...keys, [privateUpstream.credentials]: sealed });
  await furnish(stack.plane);
  const all = parts.move();
  return {
    stack: inWords(stack),
    readsSecrets: true,
    // The state also has the kubeconfig's path on the machine of an earlier update, which this one lacks.
    restore: (state) => createAll(stack.plane, state),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Creates the objects of the state. @returns their new uids by the recorded ones */
async function createAll({ objects }: ControlPlane, state: State): Promise<Record<string, string>> {
  const uids: Record<string, string> = {};
  for (const { inputs, outputs = {} } of state.deployment.resources.filter(isObject)) {
    const { name, namespace, uid, labels, annotations } = outputs.metadata as Metadata;
    const metadata = { name, namespace, labels, annotations };
    const created = await objects.create({ ...inputs, metadata } as KubernetesObject);
    uids[uid] = created.metadata?.uid ?? "";
  }
  return uids;
}

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

function isObject({ type }: StateResource): boolean {
  return type.startsWith("kubernetes:");
}
