import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { AwsRegion } from "../../config/schema.ts";
import type { RegionPlan } from "../kind.ts";
import { stackTags } from "../naming.ts";

/** The provider of one region's resources, which all get the stack's tags. Credentials come from the environment, as for the AWS CLI. */
export function awsProvider(
  { region: { name: region }, governance = {} }: Pick<RegionPlan<AwsRegion>, "region" | "governance">,
  options: pulumi.ResourceOptions,
): Provider {
  const { tags: asked, allowedAccountIds } = governance;
  const defaultTags = { tags: stackTags(pulumi.getStack(), asked) };
  const settings = { region, defaultTags, ...(allowedAccountIds && { allowedAccountIds }) };
  return new Provider(region, settings, options);
}
