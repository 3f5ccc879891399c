/** AWS's own models of inputs: the members that a call requires, their allowed values, and their lengths. */
import { readFileSync } from "node:fs";
import { CloudError } from "../faults.ts";
import { type Inputs, isUnknown } from "../values.ts";
import { type Model, members } from "./members.ts";

/** A shape as in botocore. CloudFormation's schemas are converted to the same form. */
export interface Shape {
  /** `structure`, `list`, `map`, `string`, `integer`…; `any` if the type is unknown. */
  readonly type: string;
  /** Required members of a structure. */
  readonly required?: readonly string[] | undefined;
  /** Members of a structure: the key of a shape, the shape itself, or the name of a type without details. */
  readonly members?: Readonly<Record<string, string | Shape>>;
  /** The entries of a list or a map. */
  readonly member?: string | Shape;
  /** The keys of a map. */
  readonly key?: string;
  readonly enum?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
  /** Limits of a number, or of the length of a text or list. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface Models {
  /** The source packages in PyPI, with their versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** Properties of CloudFormation types whose change replaces the resource. */
  readonly createOnly: Readonly<Record<string, readonly string[]>>;
  /** Shapes by calls, CloudFormation types, and `service#Shape`. */
  readonly shapes: Readonly<Record<string, Shape>>;
}

export const models: Models = JSON.parse(readFileSync(new URL("models.json", import.meta.url), "utf8"));

/** @param type Pulumi's type. @throws CloudError when a model refuses the inputs */
export function demandModels(type: string, inputs: Inputs): void {
  const [problem] = modelProblems(type, inputs);
  if (problem !== undefined) throw new CloudError("ValidationException", problem);
}

/** @param type Pulumi's type. @returns the models' refusals, each after its model's name */
export function modelProblems(type: string, inputs: Inputs): string[] {
  const known = members[type];
  if (!known) throw new Error(`test/doubles/aws/members.ts doesn't know ${type}`);
  return [...known.calls, ...(known.resource ? [known.resource] : [])].flatMap((model) =>
    new Reader(model).problems(inputs).map((problem) => `${model.of}: ${problem}`),
  );
}

/** The member that an input becomes. @param input `vpcConfig.subnetIds` @returns undefined if the model has none */
export function memberOf(model: Model, input: string): Member | undefined {
  return new Reader(model).memberOf(input);
}

export interface Member {
  /** `resourcesVpcConfig.subnetIds` */
  readonly path: string;
  readonly shape: Shape;
  /** Whether the structure that contains it requires it. */
  readonly isRequired: boolean;
}

/** Checks inputs as the input of a call or a resource. */
class Reader {
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  problems(inputs: Inputs): string[] {
    return this.#problemsOf(this.#root(), inputs, { input: "", member: "" });
  }

  memberOf(input: string): Member | undefined {
    const keys = input.split(".");
    let found: Member = { path: "", shape: this.#root(), isRequired: false };
    for (const [index, key] of keys.entries()) {
      const outer = structureIn(found.shape);
      const member = this.#memberFor(outer, key, keys.slice(0, index + 1).join("."));
      if (member === undefined) return undefined;
      found = {
        path: join(found.path, member),
        shape: this.#shapeAt(outer, member),
        isRequired: outer.required?.includes(member) ?? false,
      };
    }
    return found;
  }

  #root(): Shape {
    const [call = "", path = ""] = this.#model.of.split("/");
    return this.#shapeAt(resolve(call), path);
  }

  #shapeAt(shape: Shape, path: string): Shape {
    return path
      .split(".")
      .filter((step) => step !== "")
      .reduce((at, step) => {
        const next = structureIn(at).members?.[step];
        if (next === undefined) throw new Error(`${this.#model.of} has no ${path}`);
        return resolve(next);
      }, shape);
  }

  /** @param path the input's full path */
  #memberFor(shape: Shape, key: string, path: string): string | undefined {
    const told = this.#model.names?.[path];
    if (told !== undefined) return told || undefined;
    return Object.keys(structureIn(shape).members ?? {}).find(
      (member) => member.toLowerCase() === key.toLowerCase(),
    );
  }

  #problemsOf(shape: Shape, value: unknown, at: Paths): string[] {
    if (value === undefined || value === null || isUnknown(value)) return [];
    if (shape.type === "structure") return this.#structureProblems(shape, value, at);
    if (shape.type === "list") return this.#listProblems(shape, value, at);
    if (Array.isArray(value)) return value.flatMap((entry) => this.#problemsOf(shape, entry, at));
    if (shape.type === "map") {
      const entries = Object.entries(value);
      return [
        ...countProblems(shape, entries.length, at, "entries"),
        ...entries.flatMap(([key, entry]) => [
          ...textProblems(resolve(shape.key ?? "any"), key, at),
          ...this.#problemsOf(resolve(shape.member ?? "any"), entry, at),
        ]),
      ];
    }
    return textProblems(shape, value, at);
  }

  #structureProblems(shape: Shape, value: unknown, at: Paths): string[] {
    // Where the API has a single structure, the provider has a list with at most one entry.
    if (Array.isArray(value)) return value.flatMap((entry) => this.#structureProblems(shape, entry, at));
    if (typeof value !== "object" || value === null) return [`${at.member} must be an object`];
    const given = Object.entries(value).flatMap(([key, child]) => {
      const input = join(at.input, key);
      const member = this.#memberFor(shape, key, input);
      return member === undefined || child === undefined || child === null ? [] : [{ input, member, child }];
    });
    const has = new Set(given.map(({ member }) => member.split(".")[0]));
    const missing = (shape.required ?? []).filter((member) => {
      const path = join(at.member, member);
      return !has.has(member) && !this.#model.given?.includes(path);
    });
    return [
      ...missing.map((member) => `${join(at.member, member)} is required`),
      ...given.flatMap(({ input, member, child }) =>
        this.#problemsOf(this.#shapeAt(shape, member), child, { input, member: join(at.member, member) }),
      ),
    ];
  }

  #listProblems(shape: Shape, value: unknown, at: Paths): string[] {
    const entry = resolve(shape.member ?? "any");
    const entries = Array.isArray(value) ? value : entriesOf(entry, value);
    return [
      ...countProblems(shape, entries.length, at, "entries"),
      ...entries.flatMap((it) => this.#problemsOf(entry, it, at)),
    ];
  }
}

/** The path of an input, and the path of its member. */
interface Paths {
  readonly input: string;
  readonly member: string;
}

/** A dictionary becomes a list of names and values; any other value becomes the only entry. */
function entriesOf(entry: Shape, value: unknown): unknown[] {
  const { members: parts = {} } = structureIn(entry);
  const name = ["Key", "Name"].find((it) => it in parts);
  const isDictionary = typeof value === "object" && name !== undefined && "Value" in parts;
  if (!isDictionary || value === null) return [value];
  return Object.entries(value).map(([key, it]) => ({ [name]: key, Value: it }));
}

function countProblems({ min, max }: Shape, count: number, { member }: Paths, what: string): string[] {
  if (min !== undefined && count < min) return [`${member} has ${count} ${what}, at least ${min} are needed`];
  if (max !== undefined && count > max) return [`${member} has ${count} ${what}, ${max} are allowed`];
  return [];
}

const numbers = ["integer", "long", "double", "float"];

function textProblems(shape: Shape, value: unknown, at: Paths): string[] {
  const { member } = at;
  if (typeof value === "object") return [];
  if (numbers.includes(shape.type)) {
    const number = Number(value);
    const { min = -Infinity, max = Infinity } = shape;
    if (!Number.isFinite(number)) return [`${member} must be a number, not ${value}`];
    return number >= min && number <= max ? [] : [`${member} must be from ${min} to ${max}, not ${value}`];
  }
  const text = String(value);
  if (shape.enum && !shape.enum.includes(text)) return [`${member} can't be ${text}`];
  if (shape.pattern !== undefined && !wholly(shape.pattern).test(text))
    return [`${member} doesn't match ${shape.pattern}: ${text}`];
  return shape.type === "string" ? countProblems(shape, text.length, at, "characters") : [];
}

/** AWS matches a pattern against the whole text. Its syntax is that of other languages. */
function wholly(pattern: string): RegExp {
  const source = `^(?:${pattern.replaceAll("\\Z", "$")})$`;
  try {
    return new RegExp(source, "su");
  } catch {
    // The pattern has escapes that Unicode mode refuses.
    return new RegExp(source, "s");
  }
}

/** A type without details has its name in place of a shape's key. */
function resolve(shape: string | Shape): Shape {
  return typeof shape === "string" ? (models.shapes[shape] ?? { type: shape }) : shape;
}

/** The structure in a list, because paths skip lists. */
function structureIn(shape: Shape): Shape {
  return shape.type === "list" && shape.member !== undefined ? structureIn(resolve(shape.member)) : shape;
}

function join(path: string, step: string): string {
  return path === "" ? step : `${path}.${step}`;
}
