import type * as pulumi from "@pulumi/pulumi";

/**
 * For what has its name in DNS from the endpoint's: the old one goes before the new one comes. Otherwise it would wait for its deletion to the end of an update, and after one that
 * stops halfway, it would be in the way of the next, which takes the change back.
 */
export function goesFirst(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return { ...options, deleteBeforeReplace: true };
}
