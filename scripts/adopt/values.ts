/** Values of a plan and of a state: https://www.pulumi.com/docs/iac/guides/building-extending/providers/implementers/property-model/ */
import { isMapping } from "../../components/config/as-written.ts";
import { valueAt } from "../../policy/values.ts";
import { unknown } from "../engine/changes.ts";
import type { Values } from "./import-file.ts";

/** The engine's placeholder for a secret in its output. */
const hidden = "[secret]";
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Replaces each `{path}` by an input, and `{one|another}` by the first one that exists. @returns undefined if a value isn't known */
export function filled(template: string, inputs: Values): string | undefined {
  let isWhole = true;
  const text = template.replace(/\{([^}]+)\}/g, (_, paths: string) => {
    const [value] = paths.split("|").flatMap((path) => valueAt(path, inputs) ?? []);
    if (!isTold(value)) isWhole = false;
    return String(value);
  });
  return isWhole ? text : undefined;
}

/** @param path of property names: `osProfile.customData` */
export function withValue(values: Values, path: string, value: unknown): Values {
  const [name = "", ...rest] = path.split(".");
  const child = values[name];
  const own = rest.length === 0 ? value : withValue(isMapping(child) ? child : {}, rest.join("."), value);
  return { ...values, [name]: own };
}

/** Whether the value contains nothing that isn't known yet. */
export function isKnown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isKnown);
  return value !== unknown;
}

/** Whether there is a value that is known and isn't hidden. */
export function isTold(value: unknown): boolean {
  return value !== undefined && value !== hidden && isKnown(value);
}

export function containsSecret(value: unknown): boolean {
  if (isMapping(value) && value[signature] === secretSignature) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsSecret);
}

/** A secret in the form for an import file. */
export function asSecret(value: unknown): Values {
  return { [signature]: secretSignature, plaintext: JSON.stringify(value) };
}
