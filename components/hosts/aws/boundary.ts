import type { PolicyDocument } from "@pulumi/aws/iam/documents.js";
import { getPolicy } from "@pulumi/aws/iam/getPolicy.js";
import { reasonOf } from "../look-up.ts";
import type { Question } from "./account.ts";

/** Actions that a role needs. */
export interface RoleNeeds {
  /** The user of the role, as messages name it: `the machine`. */
  readonly who: string;
  readonly actions: readonly string[];
  /** Whether the cache works without these actions. @default false */
  readonly isOptional?: boolean;
}

const path = "governance.permissionsBoundary";

/**
 * Checks that the permissions boundary exists and allows the actions that the cache needs. Only the document is evaluated: an action that is allowed under a condition or for some
 * resources counts as allowed. Without the right to read the boundary, its content isn't checked.
 */
export async function checkBoundary(
  { plan: { governance }, accountId, lookUp, options }: Question,
  needs: readonly RoleNeeds[],
): Promise<void> {
  const arn = governance?.permissionsBoundary;
  if (arn === undefined) return;
  const [, , , , owner] = arn.split(":");
  if (owner !== "aws" && owner !== accountId)
    return lookUp.refuse(
      path,
      `is a policy of the account ${owner}, and the roles are created in ${accountId}: name a policy of ${accountId}`,
    );
  try {
    const { policy } = await getPolicy({ arn }, options);
    for (const { who, actions, isOptional } of needs) {
      const forbidden = forbiddenBy(JSON.parse(policy), actions).join(", ");
      if (forbidden === "") continue;
      const message = `forbids what ${who} needs: ${forbidden}`;
      if (isOptional) lookUp.warn(path, message);
      else lookUp.refuse(path, `${message}. Add them to the policy, or name another one`);
    }
  } catch (error) {
    const reason = reasonOf(error as Error);
    if (isMissing(reason)) lookUp.refuse(path, `${arn} can't be found: ${reason}`);
    else lookUp.warn(path, `can't be read, so what it forbids isn't checked: ${reason}`);
  }
}

/** Messages of IAM and of the provider: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/iam/policy_data_source.go */
function isMissing(reason: string): boolean {
  return /NoSuchEntity|couldn't find resource|empty result/.test(reason);
}

/** The fields that are used here: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: object;
}

function statementsOf({ Statement }: { readonly Statement: unknown }): Statement[] {
  return [Statement].flat() as Statement[];
}

/**
 * The actions that a boundary forbids for every request: no statement allows them, or a statement denies them unconditionally and for all resources.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function forbiddenBy(document: { readonly Statement: unknown }, actions: readonly string[]): string[] {
  const statements = statementsOf(document);
  return [...new Set(actions)].filter((action) => {
    const about = statements.filter((statement) => covers(statement, action));
    const isDenied = about.some(
      ({ Effect, Resource, Condition }) =>
        Effect === "Deny" && Condition === undefined && [Resource].flat().includes("*"),
    );
    return isDenied || !about.some(({ Effect }) => Effect === "Allow");
  });
}

function covers({ Action, NotAction }: Statement, action: string): boolean {
  const isIn = (patterns: string | readonly string[]) =>
    [patterns].flat().some((pattern) => wildcard(pattern).test(action));
  if (Action !== undefined) return isIn(Action);
  return NotAction !== undefined && !isIn(NotAction);
}

/** Action names aren't case-sensitive: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html */
function wildcard(pattern: string): RegExp {
  const text = pattern
    .replace(/[^\w*?]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`, "i");
}

/** All actions that the policies allow. */
export function actionsOf(...policies: readonly PolicyDocument[]): string[] {
  return policies
    .flatMap(statementsOf)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action = [] }) => [Action].flat());
}
