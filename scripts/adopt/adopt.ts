/** Finds the cloud resources of a stack that its state lacks, and tries their import in a temporary state. Writes nothing to the cloud. */
import { randomUUID } from "node:crypto";
import { execa } from "execa";
import pMap from "p-map";
import { valueAt } from "../../policy/values.ts";
import { step } from "../command/steps.ts";
import { becauseOf, type Change, nameOf, type ResourceStep } from "../engine/changes.ts";
import { Engine } from "../engine/engine.ts";
import type { Resource } from "../engine/state.ts";
import { isUnknownStack } from "../engine/trouble.ts";
import { AwsAccount } from "./aws.ts";
import { composedId } from "./ids.ts";
import {
  type Entry,
  entryOf,
  type ImportFile,
  importFiles,
  isProvider,
  type Planned,
  plannedOf,
  type Values,
} from "./import-file.ts";
import { Scratch } from "./scratch.ts";
import { asSecret, containsSecret, isKnown, isTold, withValue } from "./values.ts";

export interface Adopted {
  /** To be imported one after the other. */
  readonly files: readonly ImportFile[];
  /** Number of resources that are imported. */
  readonly count: number;
  /** Resources that aren't imported, each with the reason. */
  readonly missing: readonly Missing[];
  /** The changes of the next update. */
  readonly changes: readonly Change[];
}

export interface Missing {
  /** For example `Volume eu-central-1`. */
  readonly name: string;
  readonly reason: string;
  /** Whether the resource is always created again, whatever exists in the cloud. */
  readonly isExpected: boolean;
}

/**
 * Works in rounds, each in a temporary copy of the stack's state: imported resources reveal the ids of resources that depend on them. The last round imports everything that was found, and finds nothing more.
 * @param project directory of Pulumi.yaml
 * @throws StepError if the stack can't be previewed, or the cloud doesn't answer
 */
export function adopt(project: string, stack: string, configFile: string): Promise<Adopted> {
  const search = new Search(stack);
  return step(
    "Looking for what the stack has",
    "correct what the cause says. It takes credentials that may read the account",
    async () => {
      const state = await stateOf(project, stack);
      await using scratch = await Scratch.create(project, stack, configFile);
      for (;;) {
        await scratch.reset(state);
        const adopted = await search.round(scratch);
        if (adopted) return adopted;
      }
    },
  );
}

/** The stack's own state, whose resources aren't imported. Secrets stay encrypted. */
async function stateOf(project: string, stack: string): Promise<object> {
  const { deployment } = await new Engine(project).state(stack).catch((error: Error) => {
    if (isUnknownStack(error.message)) return { deployment: undefined };
    throw error;
  });
  return deployment ?? {};
}

/** What one round knows. */
interface Seen {
  readonly steps: readonly ResourceStep[];
  readonly skeleton: ImportFile;
  readonly state: readonly Resource[];
}

const stash = "pulumi:index:Stash";

class Search {
  readonly #aws: AwsAccount;
  /** By URN, as in {@link #reasons}. */
  readonly #found = new Map<string, Entry>();
  /** Why resources can't be imported. */
  readonly #reasons = new Map<string, string>();

  constructor(stack: string) {
    this.#aws = new AwsAccount(stack);
  }

  /** @param scratch with the stack's own state @returns undefined if there may be more to find */
  async round(scratch: Scratch): Promise<Adopted | undefined> {
    const files = importFiles([...this.#found.values()]);
    for (const file of files) if (!(await this.#import(file, scratch))) return undefined;
    const { run, skeleton } = await scratch.preview();
    const { steps, changes } = succeeded(run);
    const state = await scratch.resources();
    const planned = plannedOf(steps);
    const entries = [
      ...this.#completed(steps, state),
      ...(await pMap(planned, (it) => this.#entryOf(it, { skeleton, steps, state }), { concurrency: 1 })),
    ].filter((it) => it !== undefined);
    for (const entry of entries) this.#found.set(entry.name, entry);
    if (entries.length > 0) return undefined;
    const count = [...this.#found.values()].filter(({ id }) => id !== undefined).length;
    return {
      files,
      count,
      changes,
      missing: planned.filter((it) => !isProvider(it)).map((it) => this.#missing(it)),
    };
  }

  /** @returns whether all resources of the file exist */
  async #import(file: ImportFile, scratch: Scratch): Promise<boolean> {
    const run = await scratch.import(file);
    if (run.failed.size === 0) return succeeded(run).succeeded;
    for (const [urn, reason] of run.failed) {
      this.#reasons.set(urn, reason);
      this.#found.delete(urn);
    }
    return false;
  }

  #completed(steps: readonly ResourceStep[], state: readonly Resource[]): Entry[] {
    return steps.flatMap((it) => {
      const entry = this.#found.get(it.urn);
      const read = state.find(({ urn }) => urn === it.urn);
      if (!entry || entry.outputs || !read || !it.new || !it.op.includes("replace")) return [];
      return completed(entry, read, it.new.inputs, becauseOf(it)) ?? [];
    });
  }

  #missing({ urn, type }: Planned): Missing {
    const isExpected = type.startsWith("pulumi-nodejs:dynamic");
    const reason = isExpected ? "is Pulumi's alone, and made again" : (this.#reasons.get(urn) ?? unnamed);
    return { name: `${type.split(":").at(-1)} ${nameOf({ urn })}`, reason, isExpected };
  }

  async #entryOf(planned: Planned, seen: Seen): Promise<Entry | undefined> {
    if (!planned.new.custom) return entryOf(planned);
    if (isProvider(planned)) return this.#providerOf(planned, seen);
    const content = await this.#identify(planned, seen);
    return content && entryOf(planned, content);
  }

  /** @returns undefined for the provider of a cluster that isn't found yet */
  #providerOf(planned: Planned, { skeleton }: Seen): Entry | undefined {
    const { type, urn, new: wanted } = planned;
    const own = skeleton.resources.find(
      (it) => it.type === type && (it.logicalName ?? it.name) === nameOf({ urn }),
    );
    return own?.inputs && isKnown(wanted.inputs) ? entryOf(planned, { inputs: own.inputs }) : undefined;
  }

  async #identify(
    { urn, type, new: { inputs, parent, provider } }: Planned,
    { steps, state }: Seen,
  ): Promise<Pick<Entry, "id" | "inputs" | "outputs"> | undefined> {
    if (this.#reasons.has(urn)) return undefined;
    if (type === stash) {
      const input = state.flatMap((it) => (it.parent === parent ? (imageOf(it) ?? []) : []))[0];
      return input === undefined
        ? undefined
        : { id: randomUUID(), inputs: { input }, outputs: { input, output: input } };
    }
    const own = steps.find((it) => provider.startsWith(`${it.urn}::`))?.new?.inputs ?? {};
    if (!isKnown(own)) return undefined;
    const subscription = type.startsWith("azure-native:") ? await azureSubscription(own) : "";
    const composed = composedId(type, inputs, subscription);
    if (composed !== undefined) return composed === null ? undefined : { id: composed };
    const ids = type.startsWith("aws:") ? await this.#aws.idsOf(type, inputs, String(own.region)) : undefined;
    if (ids === null) return undefined;
    const [id, ...others] = ids ?? [];
    if (id !== undefined && others.length === 0) return { id };
    this.#reasons.set(
      urn,
      ids ? tagsReason(ids) : "is of a type that `adopt` doesn't look for: add it to the import file by hand",
    );
    return undefined;
  }
}

/** The provider's subscription, found as the provider finds it: https://www.pulumi.com/registry/packages/azure-native/installation-configuration/ */
async function azureSubscription({ subscriptionId }: Values): Promise<string> {
  if (typeof subscriptionId === "string") return subscriptionId;
  if (process.env.ARM_SUBSCRIPTION_ID) return process.env.ARM_SUBSCRIPTION_ID;
  fromCli ??= execa("az", ["account", "show", "--query", "id", "--output", "tsv"]);
  return (await fromCli).stdout.trim();
}

let fromCli: Promise<{ readonly stdout: string }> | undefined;

function tagsReason(ids: readonly string[]): string {
  return ids.length === 0
    ? "there is none with its tags"
    : `several have its tags: ${ids.join(", ")}. Keep the one that the cache uses (docs/day-2.md#the-state-is-lost)`;
}

const unnamed = "what its id follows from is missing";

/** The image that a machine was created from: an AMI, or Azure's image, in the configuration's form. */
function imageOf({ inputs }: Resource): unknown {
  const reference = "storageProfile.imageReference";
  return ["ami", `${reference}.id`, `${reference}.version`]
    .map((path) => valueAt(path, inputs))
    .find(Boolean);
}

/**
 * Adds values that the provider can't read and for which it would replace the resource. AWS's provider compares with the outputs, Azure's with the inputs that it stores in the
 * outputs. Properties that change in place aren't added, and no secret gets into the file: the next update stores both again.
 * @param paths of the properties that force the replacement
 */
function completed(
  entry: Entry,
  { inputs = {}, outputs = {} }: Resource,
  wanted: Values,
  paths: readonly string[],
): Entry | undefined {
  const { __inputs: kept, ...told } = outputs;
  // In a list, entries can't be matched.
  const unread = paths.filter(
    (path) => !path.includes("[") && valueAt(path, inputs) === undefined && isTold(valueAt(path, wanted)),
  );
  if (unread.length === 0 || containsSecret([inputs, told])) return undefined;
  const complete = (values: Values) =>
    unread.reduce((all, path) => withValue(all, path, valueAt(path, wanted)), values);
  const whole = complete(inputs);
  return {
    ...entry,
    inputs: whole,
    outputs: { ...complete(told), ...(kept !== undefined && { __inputs: asSecret(whole) }) },
  };
}

function succeeded<Run extends { readonly succeeded: boolean; readonly errors: readonly string[] }>(
  run: Run,
): Run {
  if (!run.succeeded) throw new Error(run.errors.join("\n"));
  return run;
}
