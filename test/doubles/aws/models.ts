/** What AWS's own models say of inputs: which members a call needs, which values they take, and how long these are. */
import { readFileSync } from "node:fs";
import { CloudError } from "../faults.ts";
import { type Inputs, isUnknown } from "../values.ts";
import { type Model, members } from "./members.ts";

/** As in botocore; a schema of CloudFormation in the same form. */
export interface Shape {
  /** `structure`, `list`, `map`, `string`, `integer`…; `any`, of which nothing is known. */
  readonly type: string;
  /** Of a structure. */
  readonly required?: readonly string[] | undefined;
  /** Of a structure: key of a shape, the shape itself, or a type of which no more is known. */
  readonly members?: Readonly<Record<string, string | Shape>>;
  /** Of a list or a map: what is in it. */
  readonly member?: string | Shape;
  /** Of a map. */
  readonly key?: string;
  readonly enum?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
  /** Of a number, or of the length of a text or list. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface Models {
  /** Where they come from: version by the name in PyPI. */
  readonly packages: Readonly<Record<string, string>>;
  /** By types of CloudFormation: properties of which another value takes another resource. */
  readonly createOnly: Readonly<Record<string, readonly string[]>>;
  /** By calls, types of CloudFormation, and `service#Shape`. */
  readonly shapes: Readonly<Record<string, Shape>>;
}

export const models: Models = JSON.parse(readFileSync(new URL("models.json", import.meta.url), "utf8"));

/** @param type Pulumi's. @throws CloudError when a model refuses the inputs */
export function demandModels(type: string, inputs: Inputs): void {
  const [problem] = modelProblems(type, inputs);
  if (problem !== undefined) throw new CloudError("ValidationException", problem);
}

/** @param type Pulumi's. @returns what the models refuse, each with the model's name before it */
export function modelProblems(type: string, inputs: Inputs): string[] {
  const known = members[type];
  if (!known) throw new Error(`test/doubles/aws/members.ts doesn't know ${type}`);
  return [...known.calls, ...(known.resource ? [known.resource] : [])].flatMap((model) =>
    new Reader(model).problems(inputs).map((problem) => `${model.of}: ${problem}`),
  );
}

/** What an input becomes. @param input `vpcConfig.subnetIds` @returns undefined where the model has nothing for it */
export function memberOf(model: Model, input: string): Member | undefined {
  return new Reader(model).memberOf(input);
}

export interface Member {
  /** `resourcesVpcConfig.subnetIds` */
  readonly path: string;
  readonly shape: Shape;
  /** Whether the structure that has it must have it. */
  readonly isRequired: boolean;
}

/** Reads the inputs as a call or a resource gets them. */
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

  /** @param path of the input, in full */
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
    // The provider has a list, of one or none, where the API has one structure.
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

/** Of an input and its member. */
interface Paths {
  readonly input: string;
  readonly member: string;
}

/** A dictionary becomes a list of names and values; anything else, the only entry. */
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

/** In AWS, a pattern is of the whole text. It is written for other programs. */
function wholly(pattern: string): RegExp {
  const source = `^(?:${pattern.replaceAll("\\Z", "$")})$`;
  try {
    return new RegExp(source, "su");
  } catch {
    // It escapes more than it needs to.
    return new RegExp(source, "s");
  }
}

/** Where nothing but a type is known, its name stands in the place of a key. */
function resolve(shape: string | Shape): Shape {
  return typeof shape === "string" ? (models.shapes[shape] ?? { type: shape }) : shape;
}

/** A list is no step of a path. */
function structureIn(shape: Shape): Shape {
  return shape.type === "list" && shape.member !== undefined ? structureIn(resolve(shape.member)) : shape;
}

function join(path: string, step: string): string {
  return path === "" ? step : `${path}.${step}`;
}
