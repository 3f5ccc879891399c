/** Stacks in clouds that doubles stand in for. */
import type { Cloud } from "../../doubles/cloud.ts";
import { cloudStack } from "../../support/cloud-stack.ts";
import { nameOf, type Started, type State } from "./started.ts";

interface Surroundings {
  readonly cloud: Cloud;
  /** The clusters in it. @default none */
  readonly clusters?: Cloud;
  /** What the program finds on the PATH, and doesn't run. */
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
    // How the clusters are reached.
    readsSecrets: clusters !== undefined,
    async restore(state) {
      for (const it of [cloud, ...others]) keepAll(it, state);
      return {};
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Puts all there that the state has of this cloud. */
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
