import { previousOutputs } from "../previous-outputs.ts";

/** What the last update of this stack left of a region, where the next one depends on it. */
export interface Previous {
  readonly disk?: Placed | undefined;
  readonly address?: Placed | undefined;
  readonly machine?: PreviousMachine | undefined;
  /** Names of the secrets in the region's vault. */
  readonly secrets: readonly string[];
}

/** Something in availability zones, which it can't leave. */
export interface Placed {
  readonly name: string;
  /** Sorted; empty in a region without zones. */
  readonly zones: readonly string[];
}

export interface PreviousMachine {
  /** Azure's name of its size. */
  readonly type: string;
  /** Empty in a region without zones. */
  readonly zones: readonly string[];
  readonly hasTrustedLaunch: boolean;
}

/** As the provider has them. */
interface Outputs {
  readonly name: string;
  /** In any order. @default the region has none */
  readonly zones?: readonly string[];
}

interface MachineOutputs extends Outputs {
  readonly hardwareProfile: { readonly vmSize: string };
  readonly securityProfile?: { readonly securityType?: string };
}

/** @param region its name, with which the names of its resources begin. */
export async function previousOf(region: string): Promise<Previous> {
  const [disks, addresses, machines, secrets] = await Promise.all([
    previousOutputs<Outputs>("azure-native:compute:Disk"),
    previousOutputs<Outputs>("azure-native:network:PublicIPAddress"),
    previousOutputs<MachineOutputs>("azure-native:compute:VirtualMachine"),
    previousOutputs<Outputs>("azure-native:keyvault:Secret"),
  ]);
  return {
    disk: placed(disks.get(region)),
    address: placed(addresses.get(region)),
    machine: machineOf(machines.get(region)),
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
  zones = [],
}: Partial<MachineOutputs> = {}): PreviousMachine | undefined {
  return (
    hardwareProfile && {
      type: hardwareProfile.vmSize,
      zones: zones.toSorted(),
      hasTrustedLaunch: securityProfile?.securityType === "TrustedLaunch",
    }
  );
}
