import type * as pulumi from "@pulumi/pulumi";

/**
 * Options of a resource whose DNS name derives from the endpoint's: the old one is deleted before the new one is created. By default, Pulumi deletes the old one at the end
 * of an update. If the update stopped halfway, the old one would block the next update, which takes the change back.
 */
export function goesFirst(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return { ...options, deleteBeforeReplace: true };
}

/** A host name in a zone, and the names between it and the zone, from the host name up. */
export function namesBelow(zone: string, hostname: string): string[] {
  const labels = hostname.toLowerCase().split(".");
  return labels
    .map((_, index) => labels.slice(index).join("."))
    .filter((name) => name.endsWith(`.${zone.toLowerCase()}`));
}
