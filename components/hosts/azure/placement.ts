import type { Problem } from "../../config/problems.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { isPrivate } from "./outbound.ts";
import type { AzureVmPlan } from "./plan.ts";
import type { Placed, Previous } from "./previous.ts";
import { allZonesOf, zonesOf } from "./regions.ts";

/** Of what a host is given. */
export interface PlacementArgs {
  readonly plan: Pick<AzureVmPlan, "region" | "names">;
  readonly found: { readonly previous: Previous };
}

/**
 * Name and zones of the data disk. Azure doesn't move it to another zone: a new one takes its place there, by another name, as the old one is deleted only after
 * the machine that has it.
 */
export function diskPlacement({
  plan: { region, names },
  found: {
    previous: { disk },
  },
}: PlacementArgs): Placed {
  const { zones = [] } = zonesOf(region);
  if (disk && fitsDisk(region, disk)) return disk;
  return { name: disk ? `${names.disk}-${zones.join()}` : names.disk, zones };
}

/**
 * Name and zones of the public address: all zones, so that it outlives the move of the machine to another one. An address of one zone, as earlier versions of this
 * project made it, stays as long as the machine is in that zone: "Zones cannot be added/updated/removed once the resource is created", and clients may know it.
 */
export function addressPlacement({
  plan: { region, names },
  found: {
    previous: { address },
  },
}: PlacementArgs): Placed {
  if (address && fitsAddress(region, address)) return address;
  return { name: address ? `${names.address}-all-zones` : names.address, zones: allZonesOf(region.name) };
}

/** What another availability zone costs, with paths relative to the region. */
export function placementWarnings({
  plan: { region },
  found: {
    previous: { disk, address },
  },
}: PlacementArgs): Problem[] {
  const { availabilityZone: zone } = region;
  const messages = [
    disk &&
      !fitsDisk(region, disk) &&
      `the disk is in zone ${disk.zones.join()} and can't move: a new one in zone ${zone} takes its place, without what is cached, and with a new certificate. Unprotect the old one first: docs/upgrading.md#another-availability-zone`,
    address &&
      !isPrivate(region) &&
      !fitsAddress(region, address) &&
      `the address is in zone ${address.zones.join()} only: another one takes its place. Tell whoever has listed it in a firewall`,
  ];
  return messages.flatMap((message) => (message ? [{ path: "availabilityZone", message }] : []));
}

/** Whether a disk that is there can stay with the region's machine. */
export function fitsDisk(region: AzureVmRegion, { zones }: Placed): boolean {
  return zones.join() === (zonesOf(region).zones ?? []).join();
}

/** A machine in a zone takes an address of that zone, or of all: https://github.com/Azure/azurehpc/issues/317 */
function fitsAddress(region: AzureVmRegion, { zones }: Placed): boolean {
  return (zonesOf(region).zones ?? []).every((zone) => zones.includes(zone));
}
