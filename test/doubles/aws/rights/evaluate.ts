/** Whether policies allow a request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
import { list, type Statement } from "../../../../policy/iam.ts";

/** The condition keys of the request. A missing key has no value. Keys are the same in upper and lower case, and of several such tags IAM takes any one: here, one that fulfils the condition. */
export type Context = Readonly<Record<string, string | readonly string[]>>;

export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
}

export interface Policy {
  readonly Statement: readonly Statement[];
}

/** Whether one of an identity's policies allows the request. Nothing is denied here. */
export function isAllowed(policies: readonly Policy[], { action, resource, context }: Request): boolean {
  return policies
    .flatMap(({ Statement }) => Statement)
    .some(
      ({ Action, Resource, Condition = {} }) =>
        list(Action).some((pattern) => wildcard(pattern, "i").test(action)) &&
        list(Resource).some((pattern) => wildcard(pattern).test(resource)) &&
        Object.entries(Condition).every(([operator, keys]) =>
          Object.entries(keys).every(([key, wanted]) =>
            holds(operator, list(wanted as string), valuesOf(key, context)),
          ),
        ),
    );
}

function valuesOf(key: string, context: Context): string[] {
  const isSame = (it: string) => it.toLowerCase() === key.toLowerCase();
  return Object.entries(context).flatMap(([it, value]) => (isSame(it) ? list(value) : []));
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
function holds(operator: string, wanted: readonly string[], values: readonly string[]): boolean {
  switch (operator) {
    case "Bool":
    case "StringEquals":
      return values.some((it) => wanted.includes(it));
    case "StringEqualsIfExists":
      return values.length === 0 || values.some((it) => wanted.includes(it));
    case "StringNotEquals":
      return values.length === 0 || values.some((it) => !wanted.includes(it));
    case "ForAllValues:StringEquals":
      return values.every((it) => wanted.includes(it));
    case "ArnEquals":
      return values.some((it) => wanted.some((pattern) => wildcard(pattern).test(it)));
    case "Null":
      return String(values.length === 0) === wanted[0];
    default:
      throw new Error(`the double doesn't know the operator ${operator}`);
  }
}

function wildcard(pattern: string, flags = ""): RegExp {
  const literal = (part: string) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${pattern.split("*").map(literal).join(".*")}$`, flags);
}
