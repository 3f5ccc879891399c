import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import * as pulumi from "@pulumi/pulumi";
import { type Names, stackTags } from "./naming.ts";

/** Where the resources of a region go: the arguments that all have in common. */
export interface Place {
  readonly resourceGroupName: pulumi.Output<string>;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The region's own resource group: all that is in it belongs to this cache. */
export function createPlace(
  name: string,
  { location, names }: { readonly location: string; readonly names: Names },
  options: pulumi.CustomResourceOptions,
): Place {
  const tags = stackTags(pulumi.getStack());
  const group = new ResourceGroup(name, { resourceGroupName: names.resourceGroup, location, tags }, options);
  return { resourceGroupName: group.name, location, tags };
}
