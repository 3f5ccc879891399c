import type { Resource } from "../resources.ts";
import { both, type Condition, type Permit } from "./permits.ts";

/** The condition of a permit, narrowed by the action's own condition keys. */
export function narrowed(
  permit: Permit,
  { type, inputs }: Resource,
  boundaries: readonly string[],
): Condition {
  const { action, condition } = permit;
  if (action === "route53:ChangeResourceRecordSets") {
    const prefix = "route53:ChangeResourceRecordSets";
    return {
      "ForAllValues:StringEquals": {
        [`${prefix}NormalizedRecordNames`]: [String(inputs.name).toLowerCase()],
        [`${prefix}RecordTypes`]: [String(inputs.type)],
      },
    };
  }
  const isAttachment = type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" && !permit.isRead;
  const policy: Condition = isAttachment ? { ArnEquals: { "iam:PolicyARN": String(inputs.policyArn) } } : {};
  const isBounded = boundaries.length > 0 && boundedActions.includes(action);
  return both(both(condition, policy), isBounded ? bounded(...boundaries) : {});
}

export const bounded = (...boundaries: string[]): Condition => {
  const [only = "", ...others] = boundaries;
  return { ArnEquals: { "iam:PermissionsBoundary": others.length > 0 ? boundaries : only } };
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate */
const boundedActions = [
  "iam:AttachRolePolicy",
  "iam:CreateRole",
  "iam:DeleteRolePolicy",
  "iam:DetachRolePolicy",
  "iam:PutRolePolicy",
];
