import { script } from "../../../pod/script.ts";
import type { AzureStore } from "../../../pod/store.ts";
import { sha256 } from "../../naming.ts";
import { bundleText } from "../../podman/bundle.ts";
import { type VmPodOptions, vmPod } from "../../vm/pod.ts";
import { packed, renderUserData } from "../../vm/user-data.ts";
import { challengeZone } from "../records.ts";

/** By this number the machine knows its data disk. */
export const dataDiskLun = 0;

/** In bytes, before base64: https://learn.microsoft.com/azure/virtual-machines/custom-data */
export const customDataLimitBytes = 65_535;

/** In bytes, as base64; whether Azure counts before or after it, nobody says: https://learn.microsoft.com/azure/virtual-machines/user-data */
export const userDataLimitBytes = 65_536;

export interface BootOptions {
  /** An Azure region's programmatic name. */
  readonly region: string;
  /** Of the machine's identity. */
  readonly clientId: string;
}

/** What a machine is made with, compressed and as base64: Azure's custom data. It doesn't depend on the Pod. */
export function azureCustomData({ region, clientId }: BootOptions): string {
  const userData = renderUserData({
    region,
    // By azure-vm-utils, which Debian's image has, whether the disk is a SCSI or an NVMe device.
    dataDevice: `/dev/disk/azure/data/by-lun/${dataDiskLun}`,
    cloud: cloudScript(clientId),
  });
  return Buffer.from(packed(userData)).toString("base64");
}

/** 12 hexadecimal digits, by which two machines' custom data are told apart. */
export function customDataDigest(customData: string): string {
  return sha256(customData).slice(0, 12);
}

export function cloudScript(clientId: string): string {
  return script(import.meta.url, "cloud.sh").replace("@CLIENT_ID@", clientId);
}

export interface AzurePodOptions extends Omit<VmPodOptions, "dns"> {
  /** Of the machine's identity. */
  readonly clientId: string;
  /** Of the zone in which the machine proves its name. */
  readonly subscription: string;
  /** Of the zone in which the machine proves its name. */
  readonly resourceGroup: string;
  readonly store?: AzureStore | undefined;
  /** See {@link AcmeOptions}. */
  readonly isShadowed?: boolean;
}

/** What Azure adds to the Pod. */
export function podOptions({ store, isShadowed = false, ...options }: AzurePodOptions): VmPodOptions {
  // https://go-acme.github.io/lego/dns/azuredns/. Without `AZURE_AUTH_METHOD`: with `msi`, lego ignores the client id, and fails on a machine that has two identities.
  const environment = {
    AZURE_CLIENT_ID: options.clientId,
    AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    AZURE_SUBSCRIPTION_ID: options.subscription,
    AZURE_RESOURCE_GROUP: options.resourceGroup,
    // Found by name servers, it would be the existing zone for as long as these remember that there was no other.
    AZURE_ZONE_NAME: challengeZone(options.region.endpoint.hostname),
  };
  return {
    ...options,
    // Nothing else says which of several identities the SDK is to take.
    ...(store && { store: { ...store, environment: { AZURE_CLIENT_ID: options.clientId } } }),
    dns: { dnsProvider: "azuredns", environment, isShadowed },
  };
}

/** The Pod, which Azure changes in place and the running machine reads: a line with its digest, and the rest compressed. Base64. */
export function azureUserData(options: AzurePodOptions): string {
  const text = bundleText(vmPod(podOptions(options)));
  return Buffer.concat([Buffer.from(`${sha256(text)}\n`), packed(text)]).toString("base64");
}

/** Of the Pod in {@link azureUserData}. */
export function podDigest(userData: string): string {
  const text = Buffer.from(userData, "base64").toString("latin1");
  return text.slice(0, text.indexOf("\n"));
}
