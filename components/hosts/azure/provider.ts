import { Provider } from "@pulumi/azure-native/provider.js";
import type { AzureRegion } from "../../config/schema.ts";

/** The provider of one region's resources. Credentials come from the environment, as for the Azure CLI. */
export function azureProvider(region: AzureRegion): Provider {
  const subscription = "subscription" in region && region.subscription;
  return new Provider(region.name, {
    location: region.name,
    ...(subscription && { subscriptionId: subscription }),
  });
}
