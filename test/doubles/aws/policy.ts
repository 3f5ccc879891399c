/** The policies that IAM accepts: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
import { list, type Statement } from "../../../policy/iam.ts";
import { demand } from "../faults.ts";

const elements = ["Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"];

/** Maximum lengths in characters: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longest = { trust: 2048, permissions: 10_240, bucket: 20_480 } as const;

/** @throws CloudError when the text isn't JSON, or isn't a policy of this kind */
export function checkPolicy(json: string, kind: "trust" | "permissions" | "bucket"): void {
  const malformed = (condition: unknown, message: string) =>
    demand(condition, "MalformedPolicyDocument", message);
  malformed(json.length <= longest[kind], "the policy is too long");
  const statements = statementsOf(json);
  malformed(statements.length > 0, "there are no statements");
  for (const statement of statements) {
    const unknown = Object.keys(statement).find((key) => !elements.includes(key));
    malformed(unknown === undefined, `unknown element ${unknown}`);
    malformed(["Allow", "Deny"].includes(statement.Effect), "Effect must be Allow or Deny");
    for (const action of list(statement.Action)) {
      malformed(/^(?:\*|[a-z0-9-]+:[A-Za-z*]+)$/.test(action), `not an action: ${action}`);
    }
    malformed(list(statement.Action).length > 0, "a statement needs actions");
    const resources = [...list(statement.Resource), ...list(statement.NotResource)];
    if (kind === "trust") {
      malformed(
        statement.Principal !== undefined && resources.length === 0,
        "whom to trust, and nothing else",
      );
      continue;
    }
    malformed(
      (statement.Principal === undefined) === (kind === "permissions"),
      "Principal has no place in an identity's policy, and is needed in a bucket's",
    );
    malformed(
      (statement.Resource === undefined) !== (statement.NotResource === undefined),
      "a statement needs one of Resource and NotResource",
    );
    for (const resource of resources) {
      malformed(
        /^(?:\*|arn:aws:[a-z0-9-]+:(?:[a-z0-9-]*|\*):(?:\d{12}|\*)?:\S+)$/.test(resource),
        `not an ARN: ${resource}`,
      );
    }
    malformed(resources.length > 0, "a statement needs resources");
  }
}

/** @throws CloudError when the text isn't JSON */
export function statementsOf(json: string): Statement[] {
  try {
    const { Version, Statement } = JSON.parse(json);
    demand(Version === "2012-10-17", "MalformedPolicyDocument", "Version must be 2012-10-17");
    return [Statement].flat();
  } catch (error) {
    demand(!(error instanceof SyntaxError), "MalformedPolicyDocument", (error as Error).message);
    throw error;
  }
}

/** Whether an allowing statement allows this. @param context the request's known condition keys */
export function allows(
  { Action, Resource, Condition }: Statement,
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): boolean {
  return (
    list(Action).includes(action) &&
    list(Resource).some((pattern) => wildcard(pattern).test(resource)) &&
    Object.entries(Condition?.StringEquals ?? {}).every(([key, value]) => context[key] === value) &&
    Object.entries(Condition?.StringLike ?? {}).every(([key, value]) =>
      list(value as string | string[]).some((pattern) => wildcard(pattern).test(context[key] ?? "")),
    )
  );
}

function wildcard(pattern: string): RegExp {
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${pattern.split("*").map(literal).join(".*")}$`);
}
