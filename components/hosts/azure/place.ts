import { Provider } from "@pulumi/azure-native/provider.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { stackTags } from "../naming.ts";
import type { AzurePlan } from "./naming.ts";

/** The arguments that all resources of a region share: their group, location and tags. */
export interface Place {
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A plan, and the place of its resources. */
export interface InPlace<Plan extends AzurePlan = AzurePlan> {
  readonly plan: Plan;
  readonly place: Place;
}

/** The configured resource group, or a new one that contains only this cache. */
export function createPlace(
  { stack, region, names, governance = {} }: AzurePlan,
  options: pulumi.CustomResourceOptions,
): Place {
  const { name: location, resourceGroup } = region;
  const own = { resourceGroupName: names.resourceGroup, location, tags: stackTags(stack, governance.tags) };
  return { ...own, resourceGroupName: resourceGroup ?? new ResourceGroup(location, own, options).name };
}

/**
 * A provider for one region and subscription. Credentials, and the subscription by default, come from the environment, as for the Azure CLI.
 * @param name Pulumi's name of the provider
 */
export function azureProvider(
  { name: location, subscription }: Pick<AzureRegion, "name" | "subscription">,
  options: pulumi.ResourceOptions,
  name = location,
): Provider {
  const subscriptionId = subscription === undefined ? {} : { subscriptionId: subscription };
  return new Provider(name, { location, ...subscriptionId }, options);
}
