import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { stackTags } from "../naming.ts";

/** The provider of one region's resources, which all get the stack's tags. Credentials come from the environment, as for the AWS CLI. */
export function awsProvider(region: string, options: pulumi.ResourceOptions): Provider {
  return new Provider(region, { region, defaultTags: { tags: stackTags(pulumi.getStack()) } }, options);
}
