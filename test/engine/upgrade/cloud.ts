/** Recorded stacks in clouds, with doubles in place of the clouds. */
import type { Cloud } from "../../doubles/cloud.ts";
import { cloudStack } from "../../support/cloud-stack.ts";
import { nameOf, type Started, type State } from "./started.ts";

interface Surroundings {
  readonly cloud: Cloud;
  /** The clusters in the cloud. @default none */
  readonly clusters?: Cloud;
  /** Names that the program finds on the PATH, and doesn't run. */
  readonly programs?: readonly string[];
}

/** @param file the path of the stack's configuration */
export async function startCloud(
  file: string,
  { cloud, clusters, programs = [] }: Surroundings,
): Promise<Started> {
  const others = clusters ? [clusters] : [];
  const stack = await cloudStack(file, cloud, { others, programs });
  return {
    stack,
    // The clusters' kubeconfigs are secrets.
    readsSecrets: clusters !== undefined,
    async restore(state) {
      for (const it of [cloud, ...others]) keepAll(it, state);
      return {};
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Adds all resources in the state that belong to this cloud. */
function keepAll(cloud: Cloud, { deployment: { resources } }: State): void {
  const { definition } = cloud;
  for (const resource of resources) {
    const { type, id = "", inputs = {}, outputs = {}, provider = "" } = resource;
    if (!(type in definition.resources)) continue;
    const { inputs: configuration = {} } = resources.find(({ urn }) => provider.startsWith(`${urn}::`)) ?? {};
    const scope = definition.scopeOf(configuration);
    cloud.keep({ type, name: nameOf(resource), id, scope, inputs, outputs });
  }
}
