import { Provider } from "@pulumi/azure-native/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";

/** The provider of one region's resources. Credentials come from the environment, as for the Azure CLI. */
export function azureProvider(
  { name, subscription }: AzureRegion,
  options: pulumi.ResourceOptions,
): Provider {
  const subscriptionId = subscription === undefined ? {} : { subscriptionId: subscription };
  return new Provider(name, { location: name, ...subscriptionId }, options);
}
