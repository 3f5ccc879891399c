import type { AzureVmRegion } from "../../config/schema.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Told } from "../vm/fate.ts";
import { zonesOf } from "./regions.ts";
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
    zones: zonesOf(region).zones ?? [],
    customData: customDataDigest(azureCustomData({ region: region.name, clientId })),
  };
}
