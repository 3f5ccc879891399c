/**
 * The program of a stack file, run under Pulumi's mocks against a double of an account, without the engine. The double says, as to the engine, what
 * differs between two configurations, and what is replaced for that. The engine's preview doesn't know a replacement's outputs; here they are those
 * of the old resource.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { readStackFile } from "../../components/config/stack-file.ts";
import { createCaches, readConfig } from "../../components/index.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { CloudError } from "../doubles/faults.ts";
import "../doubles/redirect-fetch.ts";
import { serveApi } from "../doubles/serve-api.ts";
import { type Inputs, isWithin, revealed } from "../doubles/values.ts";
import { lastPart, withoutRegion } from "./cloud-stack.ts";
import { type RegisteredResource, registeredBy } from "./graph.ts";
import type { Edit } from "./in-place.ts";
import { previousState } from "./previous-state.ts";
import { projectDirectory } from "./project.ts";
import type { Config } from "./stack-files.ts";

export interface CloudGraph extends AsyncDisposable {
  /** The operations in the first region after a change of the configuration, as `replace Instance …`, sorted. */
  changes(edit: Edit): Promise<string[]>;
}

/** A resource as the program registers it, and its state as the program sees it. */
interface Made {
  readonly resource: RegisteredResource;
  readonly inputs: Inputs;
  readonly state: Inputs;
  /** The inputs of its provider. */
  readonly provider: Inputs;
}

interface CloudProgram extends AsyncDisposable {
  /** The regions of the stack's file. */
  readonly regions: readonly Config[];
  /** Runs the program. @param before existing resources; if omitted, everything is created. @throws the error that ends the program */
  run(edit: Edit, before?: ReadonlyMap<string, Made>): Promise<Map<string, Made>>;
}

async function cloudProgram(file: string, cloud: Cloud): Promise<CloudProgram> {
  const api = await serveApi(cloud);
  const { NODE_OPTIONS: _, ...environment } = api.environment;
  Object.assign(process.env, environment);
  const read = (path: string) => readFileSync(join(projectDirectory, path), "utf8");
  const initial = readStackFile(read("Pulumi.yaml"), read(file));
  const regions = initial.regions as Config[];
  const { name, scopeOf, isOwn } = {
    ...cloud.definition,
    isOwn: (type: string) => type.startsWith(`${cloud.definition.name}:`),
  };

  const run: CloudProgram["run"] = async ({ keys = {}, region = {} }, before) => {
    const providers = new Map<string, Inputs>();
    const providerOf = (reference: string) => providers.get(reference.split("::").at(-2) ?? "") ?? {};
    const made = new Map<string, Omit<Made, "resource">>();
    const become = (type: string, own: string, inputs: Inputs, provider: Inputs): Inputs => {
      const old = before?.get(`${type} ${own}`);
      if (old) return { ...old.state, ...inputs };
      if (before) return cloud.previewed(type, inputs);
      const { id, outputs } = cloud.create(type, own, inputs, scopeOf(provider));
      return { ...inputs, ...outputs, id };
    };
    const resources = await registeredBy(
      () =>
        createCaches(
          readConfig({ ...initial, regions: regions.map((it) => ({ ...it, ...region })), ...keys } as never),
        ),
      (type, given, asked) => {
        const inputs = revealed(given) as Inputs;
        if (type === `pulumi:providers:${name}`) providers.set(asked.name, inputs);
        if (type === "pulumi:index:Stash") return { output: inputs.input };
        if (!isOwn(type)) return {};
        const provider = providerOf(asked.provider);
        const state = become(type, asked.name, inputs, provider);
        made.set(`${type} ${asked.name}`, { inputs, state, provider });
        return { ...state };
      },
      (token, inputs, provider) =>
        token === "pulumi:pulumi:readStackResourceOutputs"
          ? { outputs: stateOf(before) }
          : asTheEngine(token, () =>
              cloud.invoke(token, revealed(inputs) as Inputs, scopeOf(providerOf(provider))),
            ),
    );
    return new Map(
      resources.flatMap((resource) => {
        const key = `${resource.type} ${resource.name}`;
        const found = made.get(key);
        return found ? [[key, { ...found, resource }] as const] : [];
      }),
    );
  };
  return { regions, run, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

/** The state of each resource after the last update. */
function stateOf(before: ReadonlyMap<string, Made> = new Map()): Record<string, object> {
  return previousState(
    Object.fromEntries(
      [...before.values()].map(({ resource: { type, name }, state }) => [`${type}::${name}`, state]),
    ),
  );
}

/** Wraps a provider's error in the engine's words. */
function asTheEngine(token: string, ask: () => object): Record<string, unknown> {
  try {
    return { ...ask() };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const details = `invocation of ${token} returned an error: invoking ${token}: ${error.message}`;
    throw Object.assign(new Error(details), { details });
  }
}

/** @param file the path of the stack file from which the existing resources are created */
export async function cloudGraph(file: string, cloud: Cloud): Promise<CloudGraph> {
  const program = await cloudProgram(file, cloud);
  const { regions, run } = program;

  /** `update`, `replace`, or nothing. */
  function kindOf(old: Made, { resource, inputs, provider }: Made): string | undefined {
    const { type, ignoreChanges, replaceOnChanges } = resource;
    const among = (path: string, properties: readonly string[]) =>
      properties.some((property) => isWithin(path, property));
    const paths = [...cloud.diff(type, old.inputs, inputs, provider)].filter(
      ([path]) => !among(path, ignoreChanges),
    );
    if (paths.length === 0) return undefined;
    return paths.some(([path, { replaces }]) => replaces || among(path, replaceOnChanges))
      ? "replace"
      : "update";
  }

  const before = await run({});
  return {
    async changes(edit) {
      const after = await run(edit, before);
      const all = [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
        const [old, now] = [before.get(key), after.get(key)];
        const kind = old && now ? kindOf(old, now) : now ? "create" : "delete";
        const [type = "", own] = key.split(" ");
        return kind ? withoutRegion(`${kind} ${lastPart(type)} ${own}`, String(regions[0]?.name)) : [];
      });
      return all.sort();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

export interface CloudRefusals extends AsyncDisposable {
  /** The error and the warnings of a stack with this configuration, in the program's words. */
  refusal(edit: Edit): Promise<string>;
}

/** @param file the path of a stack file without existing resources */
export async function cloudRefusals(file: string, cloud: Cloud): Promise<CloudRefusals> {
  const program = await cloudProgram(file, cloud);
  return {
    async refusal(edit) {
      const warn = mock.method(pulumi.log, "warn", async () => {});
      const error = await program.run(edit).then(
        () => assert.fail("it isn't refused"),
        (error: unknown) => error,
      );
      warn.mock.restore();
      // Any other error would be printed with a stack trace.
      if (!pulumi.RunError.isInstance(error)) throw error;
      const warnings = warn.mock.calls.map(({ arguments: [message] }) => String(message));
      return [error.message, ...warnings].join("\n");
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
