import { Provider } from "@pulumi/azure-native/provider.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { stackTags } from "../naming.ts";
import type { AzurePlan } from "./naming.ts";

/** Where the resources of a region go: the arguments that all have in common. */
export interface Place {
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The resource group of the configuration, or one of the region's own, in which all belongs to this cache. */
export function createPlace(
  name: string,
  { stack, region, names, governance = {} }: AzurePlan,
  options: pulumi.CustomResourceOptions,
): Place {
  const { name: location, resourceGroup } = region;
  const own = { resourceGroupName: names.resourceGroup, location, tags: stackTags(stack, governance.tags) };
  return { ...own, resourceGroupName: resourceGroup ?? new ResourceGroup(name, own, options).name };
}

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
