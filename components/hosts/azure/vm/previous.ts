import { type Problem, problemIf } from "../../../config/problems.ts";
import type { AzureVmRegion } from "../../../config/schema.ts";
import { customDataTag } from "../../../config/tags.ts";
import { previousOutputs, previousResource } from "../../previous-outputs.ts";
import type { Told } from "../../vm/fate.ts";
import { isPrivate } from "../endpoint.ts";
import { allZonesOf, zonesOf } from "../regions.ts";
import type { AzureVmPlan } from "./plan.ts";
import { azureCustomData, customDataDigest } from "./user-data.ts";

/** Outputs of this stack's last update that the next update depends on. */
export interface Previous {
  readonly disk?: Placed | undefined;
  readonly address?: Placed | undefined;
  readonly machine?: PreviousMachine | undefined;
  /** Client id of the machine's identity. */
  readonly clientId?: string | undefined;
  /** Names of the secrets in the region's vault. */
  readonly secrets: readonly string[];
}

/** A resource in availability zones. It can't move to other zones. */
export interface Placed {
  readonly name: string;
  /** Sorted. Empty in a region without zones. */
  readonly zones: readonly string[];
}

/** The properties whose change replaces a machine: see machine.ts. */
export interface MachineMadeOf {
  /** Azure's name of the size. */
  readonly type: string;
  /** Sorted. Empty in a region without zones. */
  readonly zones: readonly string[];
  readonly hasTrustedLaunch: boolean;
  readonly encryptionAtHost: boolean;
  /** Version or resource id. */
  readonly image: string;
  /** The result of {@link customDataDigest}. */
  readonly customData: string;
}

/** An existing machine. Its image and custom data aren't always known. */
export type PreviousMachine = Pick<
  MachineMadeOf,
  "type" | "zones" | "hasTrustedLaunch" | "encryptionAtHost"
> &
  Told<MachineMadeOf>;

/** Outputs of the provider's resources. */
interface Outputs {
  readonly name: string;
  /** In any order. @default the region has no zones */
  readonly zones?: readonly string[];
}

interface MachineOutputs extends Outputs {
  readonly hardwareProfile: { readonly vmSize: string };
  readonly securityProfile?: { readonly securityType?: string; readonly encryptionAtHost?: boolean };
  readonly storageProfile?: {
    readonly imageReference?: { readonly id?: string; readonly version?: string };
  };
  readonly tags?: Readonly<Record<string, string>>;
}

/** @param region the region's name, with which its resources' names begin */
export async function previousOf(region: string): Promise<Previous> {
  const [disk, address, machine, identity, secrets] = await Promise.all([
    previousResource<Outputs>("azure-native:compute:Disk", region),
    previousResource<Outputs>("azure-native:network:PublicIPAddress", region),
    previousResource<MachineOutputs>("azure-native:compute:VirtualMachine", region),
    previousResource<{ clientId: string }>("azure-native:managedidentity:UserAssignedIdentity", region),
    previousOutputs<Outputs>("azure-native:keyvault:Secret"),
  ]);
  return {
    disk: placed(disk),
    address: placed(address),
    machine: machineOf(machine),
    clientId: identity?.clientId,
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
      encryptionAtHost: securityProfile?.encryptionAtHost === true,
      image: id ?? version,
      customData,
    }
  );
}

/**
 * The machine that this update creates or leaves alone, with the existing disk and identity.
 * @returns undefined if the disk or the identity doesn't exist yet
 */
export function wantedMachine(
  region: AzureVmRegion,
  { disk, clientId }: Previous,
  machine: Omit<MachineMadeOf, "zones" | "customData">,
): MachineMadeOf | undefined {
  if (!disk || clientId === undefined) return undefined;
  return {
    ...machine,
    zones: zonesOf(region),
    customData: customDataDigest(azureCustomData({ region: region.name, clientId })),
  };
}

/**
 * Name and zones of the data disk. Azure can't move a disk to another zone. A new disk there needs another name, because the old one is deleted only after
 * the machine that uses it.
 */
export function diskPlacement({ region, names }: AzureVmPlan, { disk }: Previous): Placed {
  const zones = zonesOf(region);
  if (disk && fitsDisk(region, disk)) return disk;
  return { name: disk ? `${names.disk}-${zones.join()}` : names.disk, zones };
}

/**
 * Name and zones of the public address. It is in all zones, so that the machine can move to another one. Earlier versions of this project created addresses in one zone. Such an address
 * stays while the machine is in that zone: "Zones cannot be added/updated/removed once the resource is created", and clients may know it.
 */
export function addressPlacement({ region, names }: AzureVmPlan, { address }: Previous): Placed {
  if (address && fitsAddress(region, address)) return address;
  return { name: address ? `${names.address}-all-zones` : names.address, zones: allZonesOf(region.name) };
}

/** Warnings about what a change of the availability zone costs. Paths are relative to the region. */
export function placementWarnings({ region }: AzureVmPlan, { disk, address }: Previous): Problem[] {
  const { availabilityZone: zone } = region;
  const path = "availabilityZone";
  return [
    ...problemIf(
      disk !== undefined && !fitsDisk(region, disk),
      path,
      `the disk is in zone ${disk?.zones.join()} and can't move: a new one in zone ${zone} takes its place, without what is cached, and with a new certificate. Unprotect the old one first: docs/upgrading.md#another-availability-zone`,
    ),
    ...problemIf(
      address !== undefined && !isPrivate(region) && !fitsAddress(region, address),
      path,
      `the address is in zone ${address?.zones.join()} only: a new address replaces it. Tell the owners of firewalls that list it`,
    ),
  ];
}

/** Whether the region's machine can keep using an existing disk. */
export function fitsDisk(region: AzureVmRegion, { zones }: Placed): boolean {
  return zones.join() === zonesOf(region).join();
}

/** A machine in a zone can use an address of that zone or of all zones: https://github.com/Azure/azurehpc/issues/317 */
function fitsAddress(region: AzureVmRegion, { zones }: Placed): boolean {
  return zonesOf(region).every((zone) => zones.includes(zone));
}
