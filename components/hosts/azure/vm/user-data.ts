import type { AzureStore } from "../../../pod/store.ts";
import { script } from "../../../shell/script.ts";
import { sha256 } from "../../naming.ts";
import { bundleText } from "../../podman/bundle.ts";
import { type VmPodOptions, vmPod } from "../../vm/pod.ts";
import { packed, renderUserData } from "../../vm/user-data.ts";
import { challengeZone } from "../endpoint.ts";

/** The machine identifies its data disk by this number. */
export const dataDiskLun = 0;

/** In bytes, before base64: https://learn.microsoft.com/azure/virtual-machines/custom-data */
export const customDataLimitBytes = 65_535;

/** In bytes, as base64. Azure's documentation doesn't say whether the limit applies before or after the encoding: https://learn.microsoft.com/azure/virtual-machines/user-data */
export const userDataLimitBytes = 65_536;

export interface BootOptions {
  /** An Azure region's programmatic name. */
  readonly region: string;
  /** Client id of the machine's identity. */
  readonly clientId: string;
}

/** The custom data that a machine boots with, compressed, then base64. It doesn't depend on the Pod. */
export function azureCustomData({ region, clientId }: BootOptions): string {
  const userData = renderUserData({
    region,
    // A link by azure-vm-utils, which Debian's image contains. It works for SCSI and NVMe disks.
    dataDevice: `/dev/disk/azure/data/by-lun/${dataDiskLun}`,
    cloud: cloudScript(clientId),
  });
  return Buffer.from(packed(userData)).toString("base64");
}

/** 12 hexadecimal digits that distinguish custom data. */
export function customDataDigest(customData: string): string {
  return sha256(customData).slice(0, 12);
}

export function cloudScript(clientId: string): string {
  return script(import.meta.url, "cloud.sh").replace("@CLIENT_ID@", clientId);
}

export interface AzurePodOptions extends Omit<VmPodOptions, "dns"> {
  /** Client id of the machine's identity. */
  readonly clientId: string;
  /** Subscription of the zone for the DNS-01 challenge. */
  readonly subscription: string;
  /** Resource group of the zone for the DNS-01 challenge. */
  readonly resourceGroup: string;
  readonly store?: AzureStore | undefined;
  /** See {@link AcmeOptions}. */
  readonly isShadowed?: boolean;
}

/** Adds Azure's settings to the Pod's options. */
export function podOptions({ store, isShadowed = false, ...options }: AzurePodOptions): VmPodOptions {
  // https://go-acme.github.io/lego/dns/azuredns/. `AZURE_AUTH_METHOD` isn't set: with `msi`, lego ignores the client id and fails on a machine with two identities.
  const environment = {
    AZURE_CLIENT_ID: options.clientId,
    AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    AZURE_SUBSCRIPTION_ID: options.subscription,
    AZURE_RESOURCE_GROUP: options.resourceGroup,
    // If lego searched for the zone through name servers, it would find the existing zone while they cache that there is no other.
    AZURE_ZONE_NAME: challengeZone(options.region.endpoint.hostname),
  };
  return {
    ...options,
    // If the machine has several identities, only this variable tells the SDK which one to use.
    ...(store && { store: { ...store, environment: { AZURE_CLIENT_ID: options.clientId } } }),
    dns: { dnsProvider: "azuredns", environment, isShadowed },
  };
}

/** The lower level of memory gives smaller blocks with codes of their own, which suits a bundle of many kinds of files: it saves a fiftieth. */
const compression = { level: 9, memLevel: 5 };

/** The Pod, as user data, which Azure can change in place and the running machine reads: a line with the digest, then the compressed Pod. Base64. */
export function azureUserData(
  options: AzurePodOptions,
  compress: (text: string, settings: typeof compression) => Uint8Array = packed,
): string {
  const text = bundleText(vmPod(podOptions(options)));
  const compressed = compress(text, compression);
  return Buffer.concat([Buffer.from(`${sha256(text)}\n`), compressed]).toString("base64");
}

/** Digest of the Pod in {@link azureUserData}. */
export function podDigest(userData: string): string {
  const text = Buffer.from(userData, "base64").toString("latin1");
  return text.slice(0, text.indexOf("\n"));
}
