/** Features of Azure that the subscription's owners must register. */
import { type Cloud, everywhere } from "../cloud.ts";
import { demand } from "../faults.ts";
import { subscriptionId } from "./account.ts";
import { sizeNamed } from "./skus.ts";

/** A record that tests add to an account. */
const registered = "registered feature";
const encryptionAtHost = `/subscriptions/${subscriptionId}/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost`;

/** Does what `az feature register --namespace Microsoft.Compute --name EncryptionAtHost` does. */
export function registerEncryptionAtHost(cloud: Cloud): void {
  cloud.keep({ type: registered, id: encryptionAtHost, scope: everywhere, inputs: {}, outputs: {} });
}

function isRegistered(cloud: Cloud): boolean {
  return cloud.find(registered, encryptionAtHost, everywhere) !== undefined;
}

/**
 * Refuses machines and nodes without the feature, https://github.com/hashicorp/terraform-provider-azurerm/issues/17185, and of a size that doesn't
 * support it: https://learn.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal#supported-vm-sizes
 */
export function demandEncryptionAtHost(cloud: Cloud, size: string): void {
  const message =
    "The property 'securityProfile.encryptionAtHost' is not valid because the 'Microsoft.Compute/EncryptionAtHost' feature is not enabled for this subscription.";
  demand(isRegistered(cloud), "InvalidParameter", message);
  const isSupported = sizeNamed(size)?.capabilities.EncryptionAtHostSupported !== "False";
  demand(isSupported, "InvalidParameter", `The VM size '${size}' does not support encryption at host.`);
}

/** Azure Resource Manager's answer for a feature: https://learn.microsoft.com/rest/api/resources/features/get @returns undefined for the path of something else */
export function featureAt(cloud: Cloud, path: string): object | undefined {
  if (path !== encryptionAtHost) return undefined;
  const state = isRegistered(cloud) ? "Registered" : "NotRegistered";
  return { id: path, name: "Microsoft.Compute/EncryptionAtHost", properties: { state } };
}
