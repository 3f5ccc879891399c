import { Provider } from "@pulumi/azure-native/provider.js";
import type * as pulumi from "@pulumi/pulumi";

export interface ProviderPlace {
  /** Pulumi's name of the provider. */
  readonly name: string;
  /** @default the name */
  readonly location?: string;
  /** Its id. @default that of the environment */
  readonly subscription?: string;
}

/** A provider of resources in one region and subscription. Credentials come from the environment, as for the Azure CLI. */
export function azureProvider(
  { name, location = name, subscription }: ProviderPlace,
  options: pulumi.ResourceOptions,
): Provider {
  const subscriptionId = subscription === undefined ? {} : { subscriptionId: subscription };
  return new Provider(name, { location, ...subscriptionId }, options);
}
