/**
 * A cloud account in memory, which refuses what the cloud refuses. A table per cloud has the rules of each type of resource: aws/, azure/.
 * It replaces provider and cloud. `check`, `diff` and `isForgotten` are the provider's part, which knows only inputs. `create`, `update` and `delete`
 * are the cloud's.
 */
import { isDeepStrictEqual } from "node:util";
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
  valueAt,
  valuesAt,
  withoutPath,
  withUnknown,
} from "./values.ts";

export type { Thing } from "./thing.ts";

/** An input that refers to another resource. */
export interface Reference {
  /** Path of the input: `vpcId`, `ipConfigurations[*].subnet.id` */
  readonly at: string;
  /** The type of the other resource. */
  readonly to: string;
  /** The id of the other resource. @default the input itself */
  readonly id?: (value: string, request: Request) => string;
  /** The error code for a second reference, if only one is allowed. @default any number is */
  readonly exclusive?: string;
  /** What happens to this resource when the other one is deleted. @default refuse */
  readonly onDelete?: "refuse" | "leave" | "delete";
}

/** A resource that the engine asks the cloud for. */
export interface Request {
  readonly cloud: Cloud;
  readonly scope: string;
  /** Pulumi's name. */
  readonly name: string;
  readonly inputs: Inputs;
}

/** The rules of one type of resource. */
export interface Rules {
  /** Inputs for whose change the provider replaces the resource; as a function, it gets the new inputs and the provider's configuration. */
  readonly replacing?: readonly string[] | ((inputs: Inputs, provider: Inputs) => readonly string[]);
  /** Inputs that the cloud can't change, which the provider doesn't know. */
  readonly fixed?: readonly string[];
  /** Values that the cloud adds to list entries and objects among the inputs, as `list[*].key` and `object.key`. A preview doesn't know them. */
  readonly computed?: readonly string[];
  readonly references?: readonly Reference[];
  /** Refuses inputs that are wrong by themselves. It gets only known inputs. */
  check?(inputs: Inputs, request: Pick<Request, "scope">): void;
  /** Refuses inputs that don't fit the account's other resources. */
  admit?(request: Request): void;
  /** Whether a new resource with the same id replaces the first one, and an update makes it anew. @default a second one is refused */
  readonly overwrites?: boolean;
  /** Paths of inputs that an import doesn't find, because the cloud doesn't return them, or because they are the provider's own. */
  readonly unread?: readonly string[];
  /** Inputs that the provider itself marks as secret. */
  readonly secrets?: readonly string[];
  /** The id for an import, by the provider's documentation of the type. @default the id */
  importId?(thing: Pick<Thing, "inputs" | "outputs">): string;
  /** @returns the id, the outputs that the cloud adds, and the scope, if it isn't the provider's */
  create(request: Request): { readonly id: string; readonly outputs?: Inputs; readonly scope?: string };
  /** Refuses a change in place. */
  update?(request: Request, before: Thing): void;
  /** Whether the provider treats a missing resource as deleted. @default it fails */
  readonly mayBeGone?: boolean;
  /** Whether the provider only forgets the resource instead of deleting it. */
  isForgotten?(inputs: Inputs): boolean;
  /** Refuses the deletion, or does what precedes it. */
  delete?(thing: Thing, cloud: Cloud): void;
  /** Does what follows the deletion. */
  deleted?(thing: Thing, cloud: Cloud): void;
}

export interface ProviderDifferences {
  /** Names of settings. */
  readonly changed: readonly string[];
  readonly replacing: readonly string[];
}

export interface CloudDefinition {
  /** The provider's name: `aws` */
  readonly name: string;
  /** The types of the inputs, from the SDK. */
  readonly sdk: Pick<SdkTypes, "version" | "problems">;
  readonly resources: Readonly<Record<string, Rules>>;
  readonly functions: Readonly<
    Record<string, (inputs: Inputs, request: Pick<Request, "cloud" | "scope">) => Inputs>
  >;
  /** The answers of the cloud's own API to requests that the program sends without the provider. */
  readonly api?: {
    /** The origin of the URLs that the program requests. */
    readonly origin: string;
    /** @throws CloudError for what the cloud refuses */
    answer(cloud: Cloud, url: URL, authorization: string | undefined): object;
  };
  /** Serves an API that isn't called by `fetch`, or that doesn't answer in JSON. */
  serveApi?(cloud: Cloud): Promise<ServedApi>;
  /** Whether the provider treats a missing resource of any type as deleted. @default it fails */
  readonly mayBeGone?: boolean;
  /** The scope of a provider with this configuration. @throws CloudError when there is no such place */
  scopeOf(provider: Inputs): string;
  /** The settings that differ between two configurations of a provider, and those that replace it. @default no difference replaces it */
  providerDifferences?(before: Inputs, after: Inputs): ProviderDifferences;
  /** Refuses a provider that couldn't do anything. @throws CloudError */
  admitProvider?(provider: Inputs): void;
  /** The outputs that a provider with this configuration adds to a resource. @throws CloudError for what the cloud refuses */
  addedBy?(provider: Inputs, inputs: Inputs, type: string): Inputs;
  /** The outputs in which a refresh finds changes that others have made. @default none */
  refreshed?(provider: Inputs, thing: Thing): Inputs;
  /** Whether a resource's state has these outputs, so that a difference in them is a change. @default it has */
  isTold?(state: Inputs): boolean;
  readonly codes: {
    readonly exists: string;
    readonly missing: string;
    readonly inUse: string;
    /** Code of the refusal to change something. */
    readonly fixed: string;
  };
  /** The account's resources before the stack's. */
  readonly existing: readonly Thing[];
}

export class Cloud {
  readonly definition: CloudDefinition;
  readonly operations: Operation[];
  /** Checks the rights of requests. @default everyone may do everything */
  guard?: Guard | undefined;
  readonly #things = new Map<string, Thing>();
  readonly #faults = new Faults();
  #ids = 0;

  /** @param operations those of a cloud that this one belongs to, so that both are in one list */
  constructor(definition: CloudDefinition, operations: Operation[] = []) {
    this.definition = definition;
    this.operations = operations;
    for (const thing of definition.existing) this.keep(thing);
  }

  /** The resources that stacks have created, or, with a type, all resources of this type. */
  things(type?: string): Thing[] {
    return [...this.#things.values()].filter((it) =>
      type === undefined ? it.name !== undefined : it.type === type,
    );
  }

  find(type: string, id: string, scope: string): Thing | undefined {
    return this.#things.get(keyOf(scope, type, id)) ?? this.#things.get(keyOf(everywhere, type, id));
  }

  /** A unique string of lower-case hexadecimal digits. */
  digits(count: number): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(4, "0").padStart(count, "0a1b2c3d4e5f6").slice(-count);
  }

  /** Refuses the next request of this kind, once. */
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

  /** The paths that differ, and whether the provider replaces the resource because of them. */
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

  /** @param added outputs that the provider adds: see {@link CloudDefinition.addedBy} */
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
    const refused = rules.fixed?.find(
      (property) => !isDeepStrictEqual(valueAt(property, before.inputs), valueAt(property, inputs)),
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
    const made = rules.overwrites ? rules.create(request).outputs : {};
    return this.keep({ ...before, inputs, outputs: { ...before.outputs, ...made, ...added } });
  }

  /** The result of an import, without the inputs that an import doesn't find. */
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

  /** The outputs that a preview shows for these inputs. @param before the outputs before an update */
  previewed(type: string, inputs: Inputs, before?: Inputs): Inputs {
    const { computed = [] } = this.#rules(type);
    return computed.reduce((shown, path) => withUnknown(shown, path, before), inputs);
  }

  isForgotten(type: string, inputs: Inputs): boolean {
    return this.#rules(type).isForgotten?.(inputs) ?? false;
  }

  delete(type: string, id: string, scope: string): void {
    const mayBeGone = this.definition.mayBeGone || this.#rules(type).mayBeGone;
    if (mayBeGone && !this.find(type, id, scope)) return;
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

  /** Removes a resource without any checks. */
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

  /** Adds or replaces a resource without any checks. */
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

  /** @param itself the resource before the update, which may keep what it has */
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

  /** The references of a resource; none for a type that stacks can't create. */
  #referencesOf(type: string, request: Request): { reference: Reference; id: string }[] {
    return (this.definition.resources[type]?.references ?? []).flatMap((reference) =>
      idsIn(reference, request).map((id) => ({ reference, id })),
    );
  }

  /** The resources that refer to this one, with the references. */
  #usersOf({ type, id }: Pick<Thing, "type" | "id">): { thing: Thing; reference: Reference }[] {
    return [...this.#things.values()].flatMap((thing) =>
      this.#referencesOf(thing.type, { cloud: this, name: "", ...thing })
        .filter(({ reference, id: other }) => reference.to === type && other === normalId(id))
        .map(({ reference }) => ({ thing, reference })),
    );
  }
}

/** The scope of resources that are visible from all scopes. */
export const everywhere = "";

function idsIn({ at, id }: Reference, request: Request): string[] {
  return valuesAt(at, request.inputs).map((value) =>
    normalId(id ? id(String(value), request) : String(value)),
  );
}

function keyOf(scope: string, type: string, id: string): string {
  return [scope, type, normalId(id)].join(" ");
}
