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

/** @param region its name, with which the names of its resources begin. */
export async function previousOf(region: string): Promise<Previous> {
  const [disk, address, machine, secrets] = await Promise.all([
    placed("azure-native:compute:Disk", region),
    placed("azure-native:network:PublicIPAddress", region),
    machineOf(region),
    previousOutputs("azure-native:keyvault:Secret", "name"),
  ]);
  const own = [...secrets].filter(([resource]) => resource.startsWith(`${region}-`));
  return { disk, address, machine, secrets: own.map(([, name]) => String(name)) };
}

async function placed(type: string, region: string): Promise<Placed | undefined> {
  const [names, zones] = await Promise.all([previousOutputs(type, "name"), zonesOf(type, region)]);
  const name = names.get(region);
  return typeof name === "string" ? { name, zones } : undefined;
}

async function machineOf(region: string): Promise<PreviousMachine | undefined> {
  const type = "azure-native:compute:VirtualMachine";
  const [profiles, securityProfiles, zones] = await Promise.all([
    previousOutputs(type, "hardwareProfile"),
    previousOutputs(type, "securityProfile"),
    zonesOf(type, region),
  ]);
  const profile = profiles.get(region) as { readonly vmSize: string } | undefined;
  const security = securityProfiles.get(region) as { readonly securityType?: string } | undefined;
  const hasTrustedLaunch = security?.securityType === "TrustedLaunch";
  return profile && { type: profile.vmSize, zones, hasTrustedLaunch };
}

/** Azure gives them in any order. */
async function zonesOf(type: string, region: string): Promise<string[]> {
  const zones = (await previousOutputs(type, "zones")).get(region) as readonly string[] | undefined;
  return (zones ?? []).toSorted();
}
