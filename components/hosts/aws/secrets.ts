import { Parameter } from "@pulumi/aws/ssm/parameter.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../kind.ts";
import type { PrivateAuthority } from "../private-authority.ts";
import { secretValues } from "../vm/secrets.ts";
import type { AwsVmPlan } from "./plan.ts";

/** Stores the stack's secrets in Parameter Store, encrypted by the account's key `aws/ssm`. */
export function createSecrets(
  name: string,
  { plan, secrets }: HostArgs<AwsVmPlan>,
  authority: PrivateAuthority | undefined,
  options: pulumi.CustomResourceOptions,
): Parameter[] {
  return Object.entries(secretValues(plan, secrets, authority)).map(
    ([secret, value]) =>
      new Parameter(
        `${name}-${secret}`,
        {
          name: plan.names.parameter(secret),
          description: `Registry cache: ${secret}`,
          type: "SecureString",
          value,
          tags: plan.names.tags(secret),
        },
        options,
      ),
  );
}
