import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../config/problems.ts";
import { perRun } from "./per-run.ts";

interface StackState {
  readonly outputs: Readonly<Record<string, { readonly type: string; readonly outputs: object }>>;
}

/** Type of the component that contains a whole region. Resources that another part of the program creates are ignored, whatever their names. */
const ownType = "registry-cache:index:RegionalCache";
const ownParent = `${ownType}$`;

/** Each run reads the state once, for all its regions. */
const stateOfRun = perRun(readState);

/**
 * The outputs of this stack's resources of one type, from the last update. A region's own resource has the region's name.
 * @typeParam Outputs the outputs that the caller needs. A resource may lack some of them.
 * @returns the outputs by resource name
 */
export async function previousOutputs<Outputs extends object>(
  type: string,
): Promise<ReadonlyMap<string, Partial<Outputs>>> {
  const { outputs: resources } = await stateOfRun();
  return new Map(
    Object.entries(resources).flatMap(([urn, { type: found, outputs }]) => {
      const name = urn.split("::").at(-1);
      return found === type && name && urn.includes(ownParent)
        ? [[name, outputs as Partial<Outputs>] as const]
        : [];
    }),
  );
}

/** The outputs of one of these resources: {@link previousOutputs}. @returns undefined if there is none */
export async function previousResource<Outputs extends object>(
  type: string,
  name: string,
): Promise<Partial<Outputs> | undefined> {
  return (await previousOutputs<Outputs>(type)).get(name);
}

/** The outputs of a region's Pulumi provider, which stands beside the region's component. @returns undefined if there is none */
export async function previousProvider<Outputs extends object>(
  name: string,
  region: string,
): Promise<Partial<Outputs> | undefined> {
  const { outputs: resources } = await stateOfRun();
  const end = `${ownType}::${region}`;
  const component = Object.keys(resources).find((urn) => urn.endsWith(end));
  const provider = component?.replace(end, `pulumi:providers:${name}::${region}`) ?? "";
  return resources[provider]?.outputs as Partial<Outputs> | undefined;
}

/** The regions that exist after this stack's last update. */
export async function previousRegions(): Promise<readonly { name: string; isMachine: boolean }[]> {
  const { outputs: resources } = await stateOfRun();
  const named = (isMeant: (type: string) => boolean) =>
    Object.entries(resources).flatMap(([urn, { type }]) =>
      isMeant(type) ? [urn.split("::").at(-1) ?? ""] : [],
    );
  const machines = new Set(named((type) => /^registry-cache:\w+:VmHost$/.test(type)));
  return named((type) => type === ownType).map((name) => ({ name, isMachine: machines.has(name) }));
}

/** With a file backend, the running update rewrites the state file. The file is empty for some milliseconds. */
const beingWritten = /failed to load checkpoint/;
const mostAttempts = 20;
const pauseMs = 100;

/** Reads the state as a StackReference does, but without creating a resource. */
async function readState(): Promise<StackState> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  for (let attempt = 1; ; attempt++) {
    try {
      return await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
    } catch (error) {
      if (attempt === mostAttempts || !beingWritten.test(String(error))) throw error;
      await sleep(pauseMs);
    }
  }
}

/**
 * Refuses a change of topology. The other topology's resources would have the same names, which are taken until the old resources are deleted.
 *
 * @param other component type of the other topology's host
 * @returns problems whose path is relative to the region
 */
export async function topologyProblems(
  { name, topology }: { readonly name: string; readonly topology: "vm" | "cluster" },
  other: string,
): Promise<Problem[]> {
  if (!(await previousResource(other, name))) return [];
  const message = `the region is a \`${topology === "vm" ? "cluster" : "vm"}\`, and its names are taken as long as it exists: destroy it first, by \`pulumi destroy\` or an update without it`;
  return [{ path: "topology", message }];
}
