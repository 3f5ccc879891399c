/** Property values as they travel between engine and provider: https://www.pulumi.com/docs/iac/guides/building-extending/providers/implementers/property-model/ */
import { isDeepStrictEqual } from "node:util";
import { valueAt } from "../../policy/values.ts";

export { valueAt, valuesAt } from "../../policy/values.ts";

export type Inputs = Readonly<Record<string, unknown>>;

/** Represents a value that a preview doesn't know. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

export function isUnknown(value: unknown): boolean {
  return value === unknown;
}

/**
 * The inputs with an unknown value in each entry of a list, or in an object.
 * @param path `list[*].key`, `object.key`
 * @param before known outputs; a value that an object has there is kept
 */
export function withUnknown(inputs: Inputs, path: string, before: Inputs = {}): Inputs {
  const [parent = "", key = ""] = path.split(/(?:\[\*\])?\./);
  const value = inputs[parent];
  if (Array.isArray(value))
    return { ...inputs, [parent]: value.map((entry) => ({ ...entry, [key]: unknown })) };
  if (path.includes("[") || value === undefined) return inputs;
  return { ...inputs, [parent]: { ...value, [key]: valueAt(path, before) ?? unknown } };
}

export function containsUnknown(value: unknown): boolean {
  return isUnknown(value) || childrenOf(value).some(([, child]) => containsUnknown(child));
}

function isSecret(value: unknown): value is { value: unknown } {
  return (value as Record<string, unknown> | null)?.[signature] === secretSignature;
}

export function containsSecret(value: unknown): boolean {
  return isSecret(value) || childrenOf(value).some(([, child]) => containsSecret(child));
}

export function asSecret(value: unknown): Inputs {
  return { [signature]: secretSignature, value };
}

/** The value with its secrets in plain text. */
export function revealed(value: unknown): unknown {
  if (isSecret(value)) return revealed(value.value);
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, revealed(child)]));
}

function childrenOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** The paths of the innermost values that differ. An unknown value differs from every known one. */
export function changedPaths(before: unknown, after: unknown, path = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    return changedPaths(before[key], after[key], path + stepTo(key, Array.isArray(before), path === ""));
  });
}

/** A step of a path in Pulumi's notation: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/property_path.go */
function stepTo(key: string, isIndex: boolean, isFirst: boolean): string {
  if (isIndex) return `[${key}]`;
  if (/[.["\]]/.test(key)) return `["${key}"]`;
  return isFirst ? key : `.${key}`;
}

/** @param path names with dots: `osProfile.customData` */
export function withoutPath(inputs: Inputs, path: string): Inputs {
  const [name = "", ...rest] = path.split(".");
  const { [name]: value, ...others } = inputs;
  if (rest.length === 0 || !isContainer(value)) return rest.length === 0 ? others : inputs;
  return { ...others, [name]: withoutPath(value, rest.join(".")) };
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Whether a path is a property, or is inside it. */
export function isWithin(path: string, property: string): boolean {
  return path === property || path.startsWith(`${property}.`) || path.startsWith(`${property}[`);
}

/** A text in the inputs; empty if it is missing. */
export function text(path: string, inputs: Inputs): string {
  const value = valueAt(path, inputs);
  return value === undefined ? "" : String(value);
}

/** A number in the inputs. */
export function number(path: string, inputs: Inputs): number | undefined {
  const value = valueAt(path, inputs);
  return value === undefined ? undefined : Number(value);
}

/** An id in a comparable form. Azure's ids ignore case, and AWS's have lower case or a single spelling. */
export function normalId(id: string): string {
  return id.toLowerCase();
}
