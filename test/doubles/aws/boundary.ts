/** Permissions boundaries of roles: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */
import { list, type Statement } from "../../../policy/iam.ts";
import { type Cloud, everywhere } from "../cloud.ts";
import { demand } from "../faults.ts";
import { text } from "../values.ts";
import { statementsOf } from "./policy.ts";

export const policyType = "aws:iam/policy:Policy";
const role = "aws:iam/role:Role";

/** Refuses actions of a role that its boundary doesn't allow. @param name of the role */
export function demandWithinBoundary(cloud: Cloud, name: string, actions: readonly string[]): void {
  const arn = text("permissionsBoundary", cloud.find(role, name, everywhere)?.inputs ?? {});
  if (arn === "") return;
  const statements = statementsOf(text("policy", cloud.find(policyType, arn, everywhere)?.inputs ?? {}));
  for (const action of actions) {
    const isIn = (patterns: Statement["Action"]) =>
      list(patterns).some((pattern) => matches(pattern, action));
    const about = statements.filter(({ Action, NotAction }) => (NotAction ? !isIn(NotAction) : isIn(Action)));
    const isAllowed = about.some(({ Effect }) => Effect === "Allow");
    const isDenied = about.some(({ Effect, Condition }) => Effect === "Deny" && !Condition);
    const message = `${name} is not authorized to perform: ${action} because no permissions boundary allows it`;
    demand(isAllowed && !isDenied, "AccessDeniedException", message);
  }
}

/** The actions that a role's inline policies allow. */
export function inlineActions(cloud: Cloud, name: string): string[] {
  return cloud
    .things("aws:iam/rolePolicy:RolePolicy")
    .filter(({ inputs }) => inputs.role === name)
    .flatMap(({ inputs }) => statementsOf(text("policy", inputs)))
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => list(Action));
}

/** The boundaries here have a star only at the end. */
function matches(pattern: string, action: string): boolean {
  return pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
}
