import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../config/problems.ts";

interface StackState {
  readonly outputs: Readonly<Record<string, { readonly type: string; readonly outputs: object }>>;
}

/** Type of the component that all of a region is in. What another part of the program has made isn't meant, whatever its name. */
const ownType = "registry-cache:index:RegionalCache";
const ownParent = `${ownType}$`;

/** Asked for once, of all regions of a stack: by the engine's connection, because a process of the Automation API runs several stacks, and each of them several times. */
const states = new WeakMap<object, Promise<StackState>>();

/**
 * What the last update of this stack left of each resource of a type; a region's own resource is named as the region.
 * @typeParam Outputs those that are asked for, as the type has them. A resource may be there without some.
 * @returns by the resource's name its outputs.
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

/** The regions that the last update of this stack left. */
export async function previousRegions(): Promise<readonly { name: string; isMachine: boolean }[]> {
  const { outputs: resources } = await stateOfRun();
  const named = (isMeant: (type: string) => boolean) =>
    Object.entries(resources).flatMap(([urn, { type }]) =>
      isMeant(type) ? [urn.split("::").at(-1) ?? ""] : [],
    );
  const machines = new Set(named((type) => /^registry-cache:\w+:VmHost$/.test(type)));
  return named((type) => type === ownType).map((name) => ({ name, isMachine: machines.has(name) }));
}

function stateOfRun(): Promise<StackState> {
  const run = pulumi.runtime.getMonitor();
  const asked = run && states.get(run);
  if (asked) return asked;
  const state = readState();
  if (run) states.set(run, state);
  return state;
}

/** A backend of files is just being written, by the update that asks: for milliseconds, there is nothing in the file. */
const beingWritten = /failed to load checkpoint/;
const mostAttempts = 20;
const pauseMs = 100;

/** What a StackReference is made of, without a resource of its own. */
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
 * That a region stays what it is: of another topology, it would have the same names, which are taken until the old one is gone.
 *
 * @param other the type of the host of the other topology.
 * @returns problems whose path is relative to the region.
 */
export async function topologyProblems(
  { name, topology }: { readonly name: string; readonly topology: "vm" | "cluster" },
  other: string,
): Promise<Problem[]> {
  if (!(await previousOutputs(other)).has(name)) return [];
  const message = `the region is a \`${topology === "vm" ? "cluster" : "vm"}\`, and its names are taken as long as it exists: destroy it first, by \`pulumi destroy\` or an update without it`;
  return [{ path: "topology", message }];
}
