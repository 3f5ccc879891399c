import { Parameter } from "@pulumi/aws/ssm/parameter.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PrivateAuthority } from "../../private-authority.ts";
import { secretValues } from "../../vm/secrets.ts";
import type { VmArgs } from "./findings.ts";

/** Stores the stack's secrets in Parameter Store, encrypted with the configured key, or the account's `aws/ssm`. */
export function createSecrets(
  { plan, secrets, found: { kmsKeyArn: keyId } }: VmArgs,
  authority: PrivateAuthority | undefined,
  options: pulumi.CustomResourceOptions,
): Parameter[] {
  return Object.entries(secretValues(plan, secrets, authority)).map(
    ([secret, value]) =>
      new Parameter(
        `${plan.region.name}-${secret}`,
        {
          name: plan.names.parameter(secret),
          description: `Registry cache: ${secret}`,
          type: "SecureString",
          value,
          ...(keyId !== undefined && { keyId }),
          tags: plan.names.tags(secret),
        },
        options,
      ),
  );
}
