/** @returns the resources of the last update, as the engine passes them on @param outputs by type and name, e.g. `cloud:VmHost::north` */
export function previousState(outputs: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(outputs).map(([resource, outputs]) => [
      `urn:pulumi:test::registry-cache::registry-cache:index:RegionalCache$${resource}`,
      { type: resource.split("::")[0], outputs },
    ]),
  );
}
