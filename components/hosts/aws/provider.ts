import { Provider } from "@pulumi/aws/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { RegionPlan } from "../kind.ts";
import { stackTags } from "../naming.ts";

/** The provider of one region's resources. It adds the stack's tags to all of them. Credentials come from the environment, as for the AWS CLI. */
export function awsProvider(
  { stack, region: { name: region }, governance = {} }: RegionPlan,
  options: pulumi.ResourceOptions,
): Provider {
  const { tags: asked, allowedAccountIds } = governance;
  const defaultTags = { tags: stackTags(stack, asked) };
  const settings = { region, defaultTags, ...(allowedAccountIds && { allowedAccountIds }) };
  return new Provider(region, settings, options);
}
