import * as pulumi from "@pulumi/pulumi";

interface StackState {
  readonly outputs: Readonly<Record<string, { type: string; outputs: Readonly<Record<string, unknown>> }>>;
}

/** Asked for once, of all regions. */
let state: Promise<StackState> | undefined;

/**
 * What the last update of this stack left of each region's own resource of a type, the one that is named as the region.
 * @returns by the region's name the value of one output.
 */
export async function previousOutputs(type: string, property: string): Promise<ReadonlyMap<string, unknown>> {
  state ??= readState();
  const { outputs: resources } = await state;
  return new Map(
    Object.entries(resources).flatMap(([urn, { type: found, outputs }]) => {
      const region = urn.split("::").at(-1);
      return found === type && region ? [[region, outputs[property]] as const] : [];
    }),
  );
}

/** What a StackReference is made of, without a resource of its own. */
function readState(): Promise<StackState> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  return pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
}
