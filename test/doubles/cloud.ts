/**
 * A cloud account in memory, that refuses what the cloud refuses. What it knows of each type of resource is in a table per cloud: aws/, azure/.
 *
 * It stands in for provider and cloud together: `check`, `diff` and `isForgotten` are the provider's, which knows nothing but inputs; `create`, `update` and
 * `delete` are the cloud's.
 */
import { CloudError, demand, type Fault, Faults, type Operation } from "./faults.ts";
import type { Guard } from "./guard.ts";
import type { InputProblem, SdkTypes } from "./sdk-types.ts";
import type { ServedApi } from "./served-api.ts";
import type { Thing } from "./thing.ts";
import {
  asSecret,
  changedPaths,
  containsUnknown,
  type Inputs,
  isWithin,
  normalId,
  valuesAt,
  withoutPath,
  withUnknown,
} from "./values.ts";

export type { Thing } from "./thing.ts";

/** What a resource's inputs say about another one. */
export interface Reference {
  /** Path of the input: `vpcId`, `ipConfigurations[*].subnet.id` */
  readonly at: string;
  /** The other's type. */
  readonly to: string;
  /** The other's id. @default the input itself */
  readonly id?: (value: string, request: Request) => string;
  /** Code of the refusal, where only one may have the other. @default any number may */
  readonly exclusive?: string;
  /** What happens to this one when the other is deleted. @default refuse */
  readonly onDelete?: "refuse" | "leave" | "delete";
}

/** One resource on its way to the cloud. */
export interface Request {
  readonly cloud: Cloud;
  readonly scope: string;
  /** Pulumi's name. */
  readonly name: string;
  readonly inputs: Inputs;
}

/** What is known of one type of resource. */
export interface Rules {
  /** Inputs of which the provider, by its configuration, knows that another value takes another resource. */
  readonly replacing?: readonly string[] | ((inputs: Inputs, provider: Inputs) => readonly string[]);
  /** Inputs that the cloud doesn't change and of which the provider doesn't know it. */
  readonly fixed?: readonly string[];
  /** What the cloud adds to the entries of lists and to objects among the inputs, as `list[*].key` and `object.key`: no preview knows it. */
  readonly computed?: readonly string[];
  readonly references?: readonly Reference[];
  /** Refuses what is wrong by itself. It sees only inputs that are wholly known. */
  check?(inputs: Inputs, request: Pick<Request, "scope">): void;
  /** Refuses what doesn't fit with what there is. */
  admit?(request: Request): void;
  /** Whether another one of the id takes the place of the first. @default it is refused */
  readonly overwrites?: boolean;
  /** Inputs, by their paths, that an import doesn't find: the cloud doesn't tell them, or they are the provider's own. */
  readonly unread?: readonly string[];
  /** Inputs that the provider itself marks as secret. */
  readonly secrets?: readonly string[];
  /** What an import takes in place of the id, by the provider's documentation of the type. @default the id */
  importId?(thing: Pick<Thing, "inputs" | "outputs">): string;
  /** The id, and what the cloud adds to the inputs; and its scope, if it isn't the provider's. */
  create(request: Request): { readonly id: string; readonly outputs?: Inputs; readonly scope?: string };
  /** Refuses a change in place. */
  update?(request: Request, before: Thing): void;
  /** Whether the provider takes one that is gone for deleted. @default it fails */
  readonly mayBeGone?: boolean;
  /** Whether the provider, when it should delete it, only forgets it. */
  isForgotten?(inputs: Inputs): boolean;
  /** Refuses, or does what goes with it. */
  delete?(thing: Thing, cloud: Cloud): void;
  /** Does what comes after that. */
  deleted?(thing: Thing, cloud: Cloud): void;
}

export interface ProviderDifferences {
  /** Names of settings. */
  readonly changed: readonly string[];
  readonly replacing: readonly string[];
}

export interface CloudDefinition {
  /** Of the provider: `aws` */
  readonly name: string;
  /** The types of the inputs. */
  readonly sdk: Pick<SdkTypes, "version" | "problems">;
  readonly resources: Readonly<Record<string, Rules>>;
  readonly functions: Readonly<
    Record<string, (inputs: Inputs, request: Pick<Request, "cloud" | "scope">) => Inputs>
  >;
  /** What the cloud's own API answers, where the program asks it beside the provider. */
  readonly api?: {
    /** Of the addresses that the program asks. */
    readonly origin: string;
    /** @throws CloudError for what the cloud refuses */
    answer(cloud: Cloud, url: URL, authorization: string | undefined): object;
  };
  /** The same, where it isn't asked by `fetch`, or answers in another form than JSON. */
  serveApi?(cloud: Cloud): Promise<ServedApi>;
  /** What a provider with this configuration sees. @throws CloudError when there is no such place */
  scopeOf(provider: Inputs): string;
  /** What differs between two configurations of a provider, and because of what it is another one. @default nothing is, whatever differs */
  providerDifferences?(before: Inputs, after: Inputs): ProviderDifferences;
  /** Refuses a provider with which nothing would work. @throws CloudError */
  admitProvider?(provider: Inputs): void;
  /** What a provider with this configuration adds to the outputs of a resource. @throws CloudError for what the cloud refuses */
  addedBy?(provider: Inputs, inputs: Inputs, type: string): Inputs;
  /** Whether a resource's state tells what was added, so that a difference is one. @default it does */
  isTold?(state: Inputs): boolean;
  readonly codes: {
    readonly exists: string;
    readonly missing: string;
    readonly inUse: string;
    /** Of what can't be changed. */
    readonly fixed: string;
  };
  /** What is in the account from the beginning. */
  readonly existing: readonly Thing[];
}

export class Cloud {
  readonly definition: CloudDefinition;
  readonly operations: Operation[];
  /** Judges what comes from outside. @default everyone may do everything */
  guard?: Guard | undefined;
  readonly #things = new Map<string, Thing>();
  readonly #faults = new Faults();
  #ids = 0;

  /** @param operations of a cloud that belongs to it, for one order of both. */
  constructor(definition: CloudDefinition, operations: Operation[] = []) {
    this.definition = definition;
    this.operations = operations;
    for (const thing of definition.existing) this.keep(thing);
  }

  /** What stacks have made, or of one type all there is. */
  things(type?: string): Thing[] {
    return [...this.#things.values()].filter((it) =>
      type === undefined ? it.name !== undefined : it.type === type,
    );
  }

  find(type: string, id: string, scope: string): Thing | undefined {
    return this.#things.get(keyOf(scope, type, id)) ?? this.#things.get(keyOf(everywhere, type, id));
  }

  /** As many lower-case hexadecimal digits, never the same twice. */
  digits(count: number): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(4, "0").padStart(count, "0a1b2c3d4e5f6").slice(-count);
  }

  /** Refuses the next request of a kind, once. */
  fail(fault: Fault): void {
    this.#faults.add(fault);
  }

  record(operation: Operation): void {
    this.operations.push(operation);
  }

  check(type: string, inputs: Inputs, scope: string): InputProblem[] {
    const problems = this.definition.sdk.problems(type, inputs);
    if (problems.length > 0 || containsUnknown(inputs)) return problems;
    try {
      this.#rules(type).check?.(inputs, { scope });
      return [];
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return [{ property: "", reason: error.message }];
    }
  }

  /** The paths of what changes, and whether the provider replaces the resource because of it. */
  diff(
    type: string,
    before: Inputs,
    after: Inputs,
    provider: Inputs = {},
  ): Map<string, { replaces: boolean }> {
    const { replacing = [] } = this.#rules(type);
    const properties = typeof replacing === "function" ? replacing(after, provider) : replacing;
    return new Map(
      changedPaths(before, after).map((path) => [
        path,
        { replaces: properties.some((property) => isWithin(path, property)) },
      ]),
    );
  }

  /** @param added what the provider adds to the outputs: see {@link CloudDefinition.addedBy} */
  create(type: string, name: string, inputs: Inputs, scope: string, added: Inputs = {}): Thing {
    const request = { cloud: this, scope, name, inputs };
    const rules = this.#rules(type);
    this.#faults.letFail("create", type);
    rules.check?.(inputs, request);
    this.#demandReferences(type, request);
    rules.admit?.(request);
    this.#demandUnused(type, request);
    const made = rules.create(request);
    const thing = { type, name, scope, inputs, ...made, outputs: { ...made.outputs, ...added } };
    const taken = this.find(type, thing.id, thing.scope);
    demand(!taken || rules.overwrites, this.definition.codes.exists, `${type} ${thing.id} already exists`);
    this.record({ kind: "create", type, name });
    return this.keep(thing);
  }

  update(type: string, id: string, inputs: Inputs, scope: string, added: Inputs = {}): Thing {
    const before = this.#get(type, id, scope);
    const { name = "" } = before;
    const request = { cloud: this, scope, name, inputs };
    const rules = this.#rules(type);
    this.#faults.letFail("update", type);
    const refused = changedPaths(before.inputs, inputs).find((path) =>
      rules.fixed?.some((property) => isWithin(path, property)),
    );
    demand(
      refused === undefined,
      this.definition.codes.fixed,
      `Changing property '${refused}' is not allowed.`,
    );
    rules.check?.(inputs, request);
    this.#demandReferences(type, request);
    this.#demandUnused(type, request, before);
    rules.update?.(request, before);
    this.record({ kind: "update", type, name });
    return this.keep({ ...before, inputs, outputs: { ...before.outputs, ...added } });
  }

  /** What an import finds, without the inputs that it doesn't. */
  read(type: string, id: string, scope: string): Thing | undefined {
    const { importId, secrets = [], unread = [] } = this.#rules(type);
    const thing = importId
      ? this.things(type).find((it) => it.scope === scope && importId(it) === id)
      : this.find(type, id, scope);
    if (!thing) return undefined;
    const inputs = unread.reduce(withoutPath, thing.inputs);
    const sealed = secrets.flatMap((name) => (name in inputs ? [[name, asSecret(inputs[name])]] : []));
    return { ...thing, inputs: { ...inputs, ...Object.fromEntries(sealed) } };
  }

  /** Inputs as a preview shows them as outputs. @param before those of an update */
  previewed(type: string, inputs: Inputs, before?: Inputs): Inputs {
    const { computed = [] } = this.#rules(type);
    return computed.reduce((shown, path) => withUnknown(shown, path, before), inputs);
  }

  isForgotten(type: string, inputs: Inputs): boolean {
    return this.#rules(type).isForgotten?.(inputs) ?? false;
  }

  delete(type: string, id: string, scope: string): void {
    if (this.#rules(type).mayBeGone && !this.find(type, id, scope)) return;
    const thing = this.#get(type, id, scope);
    this.#faults.letFail("delete", type);
    const users = this.#usersOf(thing);
    const user = users.find(({ reference }) => (reference.onDelete ?? "refuse") === "refuse");
    const who = user && `${user.thing.type} ${user.thing.id}`;
    demand(!user, this.definition.codes.inUse, `${type} ${id} is in use by ${who}`);
    this.#rules(type).delete?.(thing, this);
    this.record({ kind: "delete", type, name: thing.name ?? "" });
    this.remove(thing);
    for (const { thing: other, reference } of users) if (reference.onDelete === "delete") this.remove(other);
    this.#rules(type).deleted?.(thing, this);
  }

  /** Takes it away without a word. */
  remove({ scope, type, id }: Thing): void {
    this.#things.delete(keyOf(scope, type, id));
  }

  invoke(token: string, inputs: Inputs, scope: string): Inputs {
    const call = this.definition.functions[token];
    if (!call) throw new Error(`the double doesn't know the function ${token}`);
    return call(inputs, { cloud: this, scope });
  }

  #rules(type: string): Rules {
    const rules = this.definition.resources[type];
    if (!rules) throw new Error(`the double doesn't know the type ${type}`);
    return rules;
  }

  #get(type: string, id: string, scope: string): Thing {
    const found = this.find(type, id, scope);
    demand(found, this.definition.codes.missing, `${type} ${id} doesn't exist`);
    return found;
  }

  /** Puts it there without a word, or in the place of what it was. */
  keep(thing: Thing): Thing {
    this.#things.set(keyOf(thing.scope, thing.type, thing.id), thing);
    return thing;
  }

  #demandReferences(type: string, request: Request): void {
    for (const { reference, id } of this.#referencesOf(type, request)) {
      const other = this.find(reference.to, id, request.scope);
      demand(other, this.definition.codes.missing, `${reference.at}: there is no ${reference.to} ${id}`);
    }
  }

  /** @param itself as it was; what it had already, it may have. */
  #demandUnused(type: string, request: Request, itself?: Thing): void {
    for (const { reference, id } of this.#referencesOf(type, request)) {
      if (reference.exclusive === undefined) continue;
      const other = { type: reference.to, id };
      const holder = this.#usersOf(other).find(
        ({ thing, reference: held }) => held === reference && thing.id !== itself?.id,
      );
      demand(!holder, reference.exclusive, `${id} is already used by ${holder?.thing.id}`);
    }
  }

  /** None for what no stack can make. */
  #referencesOf(type: string, request: Request): { reference: Reference; id: string }[] {
    return (this.definition.resources[type]?.references ?? []).flatMap((reference) =>
      idsIn(reference, request).map((id) => ({ reference, id })),
    );
  }

  /** Who refers to it, and how. */
  #usersOf({ type, id }: Pick<Thing, "type" | "id">): { thing: Thing; reference: Reference }[] {
    return [...this.#things.values()].flatMap((thing) =>
      this.#referencesOf(thing.type, { cloud: this, name: "", ...thing })
        .filter(({ reference, id: other }) => reference.to === type && other === normalId(id))
        .map(({ reference }) => ({ thing, reference })),
    );
  }
}

/** The scope of what is seen from all scopes. */
export const everywhere = "";

function idsIn({ at, id }: Reference, request: Request): string[] {
  return valuesAt(at, request.inputs).map((value) =>
    normalId(id ? id(String(value), request) : String(value)),
  );
}

function keyOf(scope: string, type: string, id: string): string {
  return [scope, type, normalId(id)].join(" ");
}
