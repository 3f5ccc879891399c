import { Provider } from "@pulumi/aws/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { RegionPlan } from "../kind.ts";
import { stackTags } from "../naming.ts";

/** The provider of one region's resources. It adds the stack's tags to all of them. Credentials come from the environment, as for the AWS CLI. */
export function awsProvider(
  { stack, region: { name: region }, governance = {} }: RegionPlan,
  options: pulumi.ResourceOptions,
): Provider {
  const { tags: asked, allowedAccountIds, ignoredTags } = governance;
  const settings = {
    region,
    defaultTags: { tags: stackTags(stack, asked) },
    ...(allowedAccountIds && { allowedAccountIds }),
    ...(ignoredTags && { ignoreTags: ignoredBy(ignoredTags) }),
  };
  return new Provider(region, settings, options);
}

function ignoredBy(tags: readonly string[]) {
  const isStart = (tag: string) => tag.endsWith("*");
  return {
    keys: tags.filter((tag) => !isStart(tag)),
    keyPrefixes: tags.filter(isStart).map((tag) => tag.slice(0, -1)),
  };
}
