import type { Problem } from "../../../config/problems.ts";
import type { AzureVmRegion } from "../../../config/schema.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import type { Told } from "../../vm/fate.ts";
import { isPrivate } from "../outbound.ts";
import { allZonesOf, zonesOf } from "../regions.ts";
import type { AzureVmPlan } from "./plan.ts";
import { azureCustomData, customDataDigest } from "./user-data.ts";

/** What the last update of this stack left of a region, where the next one depends on it. */
export interface Previous {
  readonly disk?: Placed | undefined;
  readonly address?: Placed | undefined;
  readonly machine?: PreviousMachine | undefined;
  /** Of the machine's identity. */
  readonly clientId?: string | undefined;
  /** Names of the secrets in the region's vault. */
  readonly secrets: readonly string[];
}

/** Something in availability zones, which it can't leave. */
export interface Placed {
  readonly name: string;
  /** Sorted; empty in a region without zones. */
  readonly zones: readonly string[];
}

/** A machine, by what makes another one of it: see machine.ts. */
export interface MachineMadeOf {
  /** Azure's name of its size. */
  readonly type: string;
  /** Sorted; empty in a region without zones. */
  readonly zones: readonly string[];
  readonly hasTrustedLaunch: boolean;
  /** Version or resource id. */
  readonly image: string;
  /** By {@link customDataDigest}. */
  readonly customData: string;
}

/** Image and custom data aren't known of each one that is there. */
export type PreviousMachine = Pick<MachineMadeOf, "type" | "zones" | "hasTrustedLaunch"> &
  Told<MachineMadeOf>;

/** As the provider has them. */
interface Outputs {
  readonly name: string;
  /** In any order. @default the region has none */
  readonly zones?: readonly string[];
}

interface MachineOutputs extends Outputs {
  readonly hardwareProfile: { readonly vmSize: string };
  readonly securityProfile?: { readonly securityType?: string };
  readonly storageProfile?: {
    readonly imageReference?: { readonly id?: string; readonly version?: string };
  };
  readonly tags?: Readonly<Record<string, string>>;
}

/** Of a machine, with the digest of its custom data, which Azure doesn't tell. */
export const customDataTag = "custom-data";

/** @param region its name, with which the names of its resources begin. */
export async function previousOf(region: string): Promise<Previous> {
  const [disks, addresses, machines, identities, secrets] = await Promise.all([
    previousOutputs<Outputs>("azure-native:compute:Disk"),
    previousOutputs<Outputs>("azure-native:network:PublicIPAddress"),
    previousOutputs<MachineOutputs>("azure-native:compute:VirtualMachine"),
    previousOutputs<{ clientId: string }>("azure-native:managedidentity:UserAssignedIdentity"),
    previousOutputs<Outputs>("azure-native:keyvault:Secret"),
  ]);
  return {
    disk: placed(disks.get(region)),
    address: placed(addresses.get(region)),
    machine: machineOf(machines.get(region)),
    clientId: identities.get(region)?.clientId,
    secrets: [...secrets].flatMap(([resource, { name }]) =>
      name !== undefined && resource.startsWith(`${region}-`) ? [name] : [],
    ),
  };
}

function placed({ name, zones = [] }: Partial<Outputs> = {}): Placed | undefined {
  return name === undefined ? undefined : { name, zones: zones.toSorted() };
}

function machineOf({
  hardwareProfile,
  securityProfile,
  storageProfile: { imageReference: { id, version } = {} } = {},
  tags: { [customDataTag]: customData } = {},
  zones = [],
}: Partial<MachineOutputs> = {}): PreviousMachine | undefined {
  return (
    hardwareProfile && {
      type: hardwareProfile.vmSize,
      zones: zones.toSorted(),
      hasTrustedLaunch: securityProfile?.securityType === "TrustedLaunch",
      image: id ?? version,
      customData,
    }
  );
}

/**
 * The machine that this update makes or leaves alone, with disk and identity that are there.
 * @returns undefined where something of it is yet to be made
 */
export function wantedMachine(
  region: AzureVmRegion,
  { disk, clientId }: Previous,
  machine: Pick<MachineMadeOf, "type" | "hasTrustedLaunch" | "image">,
): MachineMadeOf | undefined {
  if (!disk || clientId === undefined) return undefined;
  return {
    ...machine,
    zones: zonesOf(region),
    customData: customDataDigest(azureCustomData({ region: region.name, clientId })),
  };
}

/**
 * Name and zones of the data disk. Azure doesn't move it to another zone: a new one takes its place there, by another name, as the old one is deleted only after
 * the machine that has it.
 */
export function diskPlacement({ region, names }: AzureVmPlan, { disk }: Previous): Placed {
  const zones = zonesOf(region);
  if (disk && fitsDisk(region, disk)) return disk;
  return { name: disk ? `${names.disk}-${zones.join()}` : names.disk, zones };
}

/**
 * Name and zones of the public address: all zones, so that it outlives the move of the machine to another one. An address of one zone, as earlier versions of this
 * project made it, stays as long as the machine is in that zone: "Zones cannot be added/updated/removed once the resource is created", and clients may know it.
 */
export function addressPlacement({ region, names }: AzureVmPlan, { address }: Previous): Placed {
  if (address && fitsAddress(region, address)) return address;
  return { name: address ? `${names.address}-all-zones` : names.address, zones: allZonesOf(region.name) };
}

/** What another availability zone costs, with paths relative to the region. */
export function placementWarnings({ region }: AzureVmPlan, { disk, address }: Previous): Problem[] {
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
  return zones.join() === zonesOf(region).join();
}

/** A machine in a zone takes an address of that zone, or of all: https://github.com/Azure/azurehpc/issues/317 */
function fitsAddress(region: AzureVmRegion, { zones }: Placed): boolean {
  return zonesOf(region).every((zone) => zones.includes(zone));
}
