import { script } from "../../pod/script.ts";
import type { AzureStore } from "../../pod/store.ts";
import type { VmPodOptions } from "../vm/pod.ts";
import { vmUserData } from "../vm/vm.ts";
import { challengeZone } from "./records.ts";

export interface AzureUserDataOptions extends Omit<VmPodOptions, "dns"> {
  /** Of the machine's identity. */
  readonly clientId: string;
  /** Of the zone in which the machine proves its name. */
  readonly subscription: string;
  /** Of the zone in which the machine proves its name. */
  readonly resourceGroup: string;
  readonly store?: AzureStore | undefined;
}

/** By this number the machine knows its data disk. */
export const dataDiskLun = 0;

/** In bytes, before base64: https://learn.microsoft.com/azure/virtual-machines/custom-data */
export const userDataLimitBytes = 65_535;

/**
 * The user data of a cache in Azure, compressed.
 * @throws UserDataTooLarge
 */
export function azureUserData(options: AzureUserDataOptions): Uint8Array {
  const { store } = options;
  return vmUserData({
    ...options,
    // By azure-vm-utils, which Debian's image has, whether the disk is a SCSI or an NVMe device.
    dataDevice: `/dev/disk/azure/data/by-lun/${dataDiskLun}`,
    fetchSecret: fetchSecret(options.clientId),
    // Nothing else says which of several identities the SDK is to take.
    ...(store && { store: { ...store, environment: { AZURE_CLIENT_ID: options.clientId } } }),
    dns: { dnsProvider: "azuredns", environment: legoEnvironment(options) },
    limitBytes: userDataLimitBytes,
  });
}

/** A script that prints the Key Vault secret whose resource id is its argument. */
export function fetchSecret(clientId: string): string {
  return script(import.meta.url, "fetch-secret.sh").replace("@CLIENT_ID@", clientId);
}

/**
 * https://go-acme.github.io/lego/dns/azuredns/
 *
 * Without `AZURE_AUTH_METHOD`: with `msi`, lego ignores the client id, and fails on a machine that has two identities.
 */
function legoEnvironment(options: AzureUserDataOptions): Record<string, string> {
  return {
    AZURE_CLIENT_ID: options.clientId,
    AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    AZURE_SUBSCRIPTION_ID: options.subscription,
    AZURE_RESOURCE_GROUP: options.resourceGroup,
    // Found by name servers, it would be the existing zone for as long as these remember that there was no other.
    AZURE_ZONE_NAME: challengeZone(options.region.endpoint.hostname),
  };
}
