import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import * as pulumi from "@pulumi/pulumi";
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
  { region, names, governance = {} }: AzurePlan,
  options: pulumi.CustomResourceOptions,
): Place {
  const { name: location, resourceGroup } = region;
  const tags = stackTags(pulumi.getStack(), governance.tags);
  if (resourceGroup !== undefined) return { resourceGroupName: resourceGroup, location, tags };
  const group = new ResourceGroup(name, { resourceGroupName: names.resourceGroup, location, tags }, options);
  return { resourceGroupName: group.name, location, tags };
}
