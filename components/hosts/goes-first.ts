import type * as pulumi from "@pulumi/pulumi";

/**
 * Options of a resource whose DNS name derives from the endpoint's: the old one is deleted before the new one is created. By default, Pulumi deletes the old one at the end
 * of an update. If the update stopped halfway, the old one would block the next update, which takes the change back.
 */
export function goesFirst(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return { ...options, deleteBeforeReplace: true };
}
